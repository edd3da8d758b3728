"""What is written down of a call, through a real socket and on both engines."""

import aiohttp

from app.records import Recorder
from app.store import Tenant
from app.testing import Cordboard, Twin
from tests.records.conftest import record_of

CALLER = "+15085551212"


async def test_a_call_is_recorded_with_its_parties_and_its_end(
    jambonz: Twin, recorder: Recorder, tenant: Tenant
) -> None:
    async with await jambonz.call("/desk", from_=CALLER) as call:
        await call.say("Hello.")

    found, _ = await record_of(recorder, tenant, call.call_sid)

    assert (found.call_sid, found.application) == (call.call_sid, "/desk")
    assert (found.direction, found.from_number) == ("inbound", CALLER)
    assert (found.status, found.end_reason) == ("ended", "completed")
    assert found.ended_at is not None
    assert found.seconds is not None
    assert found.started_at <= found.ended_at
    assert found.turns >= 1
    assert found.agent_id is None


async def test_the_transcript_is_kept_by_turn_with_its_latency(
    jambonz: Twin, recorder: Recorder, tenant: Tenant
) -> None:
    async with await jambonz.call("/desk") as call:
        answer = await call.say("What are your opening hours?")

    _, story = await record_of(recorder, tenant, call.call_sid)
    said = [turn for turn in story.transcript if turn.caller]

    assert [turn.caller for turn in said] == ["What are your opening hours?"]
    assert said[0].agent == answer
    assert said[0].latency["llm_ms"] >= 0


async def test_a_tool_call_is_kept_with_arguments_result_and_outcome(
    jambonz: Twin, recorder: Recorder, tenant: Tenant
) -> None:
    async with await jambonz.call("/desk") as call:
        await call.tool_call("look_up_order", {"number": "17"})
        await call.tool_call("look_up_order", {"number": "0"})

    found, story = await record_of(recorder, tenant, call.call_sid)
    shipped, failed = story.tool_calls

    assert shipped.arguments == {"number": "17"}
    assert shipped.output == {"number": "17", "state": "shipped"}
    assert (shipped.outcome, failed.outcome) == ("ok", "failed")
    assert shipped.milliseconds is not None
    assert (found.tool_calls, found.tool_failures) == (2, 1)


async def test_what_was_interrupted_is_kept_as_it_was_spoken_and_as_it_was_meant(
    jambonz: Twin, recorder: Recorder, tenant: Tenant
) -> None:
    async with await jambonz.call("/desk") as call:
        await call.event("user_transcript", transcript="Tell me all.")
        await call.event("llm_response", response="There are three things to say.")
        await call.event("user_interruption")
        await call.event(
            "turn_end", transcript="Tell me all.", response="There are", interrupted=True
        )
        await call.updates(1)

    found, story = await record_of(recorder, tenant, call.call_sid)
    turn = next(turn for turn in story.transcript if turn.interrupted)

    assert (turn.agent, turn.intended) == ("There are", "There are three things to say.")
    assert found.interruptions == 1


async def test_an_update_is_kept_with_whoever_sent_it(
    jambonz: Twin, cordboard: Cordboard, recorder: Recorder, tenant: Tenant
) -> None:
    async with await jambonz.call("/desk") as call:
        await call.event("turn_end", interrupted=True)  # the code steers
        await call.updates(1)
        async with aiohttp.ClientSession(cordboard.url, headers=cordboard.headers) as client:
            body = {"type": "inject_context", "messages": [{"role": "system", "content": "Hi"}]}
            sent = await client.post(f"/v1/calls/{call.call_sid}/agent", json=body)
            assert sent.status == 202
        await call.updates(2)

    _, story = await record_of(recorder, tenant, call.call_sid)

    assert [(one.type, one.by) for one in story.updates] == [
        ("update_instructions", "code"),
        ("inject_context", "settings"),
    ]
    assert story.updates[0].data == {"instructions": "Be brief."}


async def test_a_live_call_has_a_record_of_what_happened_so_far(
    jambonz: Twin, recorder: Recorder, tenant: Tenant
) -> None:
    async with await jambonz.call("/desk") as call:
        await call.say("Hello.")
        found, story = await record_of(recorder, tenant, call.call_sid)
        assert found.status == "live"
        assert found.ended_at is None
        assert [turn.caller for turn in story.transcript if turn.caller] == ["Hello."]
        await call.say("Goodbye.")

    found, story = await record_of(recorder, tenant, call.call_sid)

    assert found.status == "ended"
    assert [turn.caller for turn in story.transcript if turn.caller] == ["Hello.", "Goodbye."]
    assert found.turns == len([turn for turn in story.transcript if turn.latency])


async def test_another_organisation_sees_nothing_of_it(
    jambonz: Twin, recorder: Recorder, tenant: Tenant, other_tenant: Tenant
) -> None:
    async with await jambonz.call("/desk") as call:
        pass
    await record_of(recorder, tenant, call.call_sid)

    assert await other_tenant.calls.get(call.call_sid) is None
    assert await other_tenant.calls.parts(call.call_sid) == []
