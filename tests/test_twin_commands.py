"""What each command of the application does to the call."""

from typing import Any

import pytest

from app.twin import Pace, Twin, TwinCall
from tests.twin_app import App, Message, agent, serving

WAIT = [{"verb": "say", "text": "Hi."}, {"verb": "pause", "length": 60}]
SLOW = Pace(scale=1.0)
SAY = {"verb": "say", "text": "Redirected."}
DIAL = [{"verb": "dial", "target": [{"type": "phone", "number": "1"}], "actionHook": "/d"}]


def notes(call: TwinCall) -> str:
    return "\n".join(entry.data["text"] for entry in call.log if entry.kind == "note")


async def commanded(app: App, call: TwinCall, command: str, data: Any, **more: Any) -> str:
    """Send a command and return what the twin noted of it."""
    await app.command(command, data, **more)
    await call.command(command)
    return notes(call)


async def test_redirect_kills_the_running_verb_and_replaces_the_stack() -> None:
    async with serving(new=[*WAIT, SAY]) as app, Twin(app.url, pace=SLOW) as twin:
        call = await twin.call()
        await call.heard()
        await app.command("redirect", [{"verb": "say", "text": "Now."}])

        assert await call.heard() == "Now."
        assert call.spoken == ["Hi.", "Now."]


async def test_redirect_wakes_an_idle_call() -> None:
    async with serving(new=[SAY]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.heard()
        for queue in (False, True):
            await app.command(
                "redirect", [{"say": {"text": f"Queued: {queue}"}}], queueCommand=queue
            )
            assert await call.heard() == f"Queued: {queue}"


async def test_a_queued_redirect_waits_for_what_is_on_the_stack() -> None:
    gather = {"verb": "gather", "input": ["speech"], "actionHook": "/g"}
    first = {"verb": "say", "text": "First."}
    async with serving(new=[gather, first]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await app.command("redirect", [SAY], queueCommand=True)
        await call.command("redirect")

        assert await call.say("go") == "First. Redirected."


async def test_redirect_with_a_call_hook_asks_by_session_redirect() -> None:
    hooks = {"/flow": [SAY]}
    async with serving(new=WAIT, hooks=hooks) as app, Twin(app.url, pace=SLOW) as twin:
        call = await twin.call()
        await call.heard()
        await app.command("redirect", {"call_hook": "/flow"})

        assert await call.heard() == "Redirected."
        assert app.of("session:redirect")[0]["hook"] == "/flow"


async def test_a_call_hook_with_a_ws_url_is_asked_over_the_existing_socket() -> None:
    hooks = {"wss://e.org/flow": [SAY]}
    async with serving(new=WAIT, hooks=hooks) as app, Twin(app.url, pace=SLOW) as twin:
        call = await twin.call()
        await app.command("redirect", {"call_hook": {"url": "wss://e.org/flow"}})

        await call.heard()
        assert await call.heard() == "Redirected."
        assert len(app.requests) == 1


async def test_an_empty_answer_to_a_call_hook_only_kills_the_running_verb() -> None:
    async with serving(new=[*WAIT, SAY]) as app, Twin(app.url, pace=SLOW) as twin:
        call = await twin.call()
        await call.heard()
        await app.command("redirect", {"call_hook": "/nothing"})

        assert await call.heard() == "Redirected."


async def test_invalid_verbs_in_a_redirect_are_told_and_change_nothing() -> None:
    async with serving(new=[agent(greeting=False)]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await app.command("redirect", [{"verb": "shout"}])
        await app.seen("jambonz:error", verb="shout")

        assert not call.is_over
        assert call.leg.stack.current is not None


async def test_a_redirect_without_verbs_or_hook_is_an_invalid_message() -> None:
    async with serving() as app, Twin(app.url) as twin:
        await twin.call()
        await app.command("redirect", {"foo": 1})

        await app.seen("jambonz:error", msg="InvalidMessage")


async def test_redirect_splits_the_legs_of_a_dial() -> None:
    async with serving(new=DIAL) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["stays"])
        await app.seen("call:status", call_status="in-progress", direction="outbound")
        await app.command("redirect", {"parent_call": [SAY], "child_call": [SAY]})

        assert await call.heard() == "Redirected."


async def test_call_status_completed_hangs_up_an_answered_call_only() -> None:
    verbs = [{"verb": "pause", "length": 60}]
    async with serving(new=verbs) as app, Twin(app.url, pace=SLOW) as twin:
        call = await twin.call()
        told = await commanded(app, call, "call:status", {"call_status": "completed"})
        assert "no effect now" in told

        await app.command("redirect", WAIT)
        await call.heard()
        await app.command("call:status", {"call_status": "completed"})
        assert await call.ended() == "the application hung up"


async def test_call_status_no_answer_refuses_an_unanswered_call_with_503() -> None:
    verbs = [{"verb": "pause", "length": 60}]
    async with serving(new=verbs) as app, Twin(app.url, pace=SLOW) as twin:
        call = await twin.call()
        await app.command("call:status", {"call_status": "no-answer"})
        await call.ended()

        assert app.of("call:status")[-1]["data"]["sip_status"] == 503


async def test_call_status_with_the_childs_sid_ends_the_dialled_leg() -> None:
    async with serving(new=[*DIAL, SAY]) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["stays"])
        child = await app.seen("call:status", call_status="in-progress", direction="outbound")
        await call.hook("/sync")
        await app.command(
            "call:status", {"call_status": "completed"}, callSid=child["data"]["call_sid"]
        )

        assert await call.heard() == "Redirected."


async def test_config_turns_verb_status_on() -> None:
    async with serving(new=WAIT) as app, Twin(app.url, pace=SLOW) as twin:
        call = await twin.call()
        await call.heard()
        await app.command("config", {"notifyEvents": True})
        await app.command("redirect", [SAY])

        await app.seen("verb:status", event="starting", name="say")


async def test_tag_becomes_customer_data() -> None:
    async with serving() as app, Twin(app.url) as twin:
        call = await twin.call()
        await app.command("tag", {"caseNo": 88})
        await call.command("tag")
        await call.hook("/x")

        assert app.of("verb:hook")[0]["data"]["customerData"] == {"caseNo": 88}


async def test_a_whisper_is_heard_by_the_leg_that_it_names() -> None:
    async with serving(new=DIAL) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["stays"])
        child = await call.child()
        await app.command("whisper", {"whisper": [SAY]}, callSid=child.call_sid)
        await app.command("whisper", {"whisper": {"verb": "say", "text": "To you."}})

        assert await call.heard() == "To you."
        assert child.spoken == ["Redirected."]


@pytest.mark.parametrize(
    ("command", "data"),
    [
        ("dtmf", {"dtmf": {"digit": "5", "duration": 250}}),
        ("sip:request", {"sip_request": {"method": "INFO", "content": "x"}}),
        ("dub", {"action": "addTrack", "track": "music"}),
        ("record", {"action": "startCallRecording", "siprecServerURL": "sip:r@192.0.2.1"}),
        ("noiseIsolation:status", {"noise_isolation_status": "enable"}),
        ("boostAudioSignal", "6 dB"),
        ("stt:reconfigure", {"languageHints": ["en"]}),
    ],
)
async def test_a_command_without_a_sound_is_recorded(command: str, data: Any) -> None:
    async with serving(new=[SAY]) as app, Twin(app.url) as twin:
        call = await twin.call()
        told = await commanded(app, call, command, data)

        assert f"{command} takes effect" in told
        assert call.leg.effects[command] == data
        assert call.errors == []


@pytest.mark.parametrize(
    ("command", "data"),
    [("mute:status", {"mute_status": "mute"}), ("mute:status", "mute"), ("media:path", "no-media")],
)
async def test_a_command_for_a_dial_takes_effect_only_during_one(command: str, data: Any) -> None:
    async with serving(new=DIAL) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["stays"])
        assert f"{command} takes effect" in await commanded(app, call, command, data)

        await call.far_hangup()
        await app.seen("verb:hook")
        assert "nobody is dialled" in await commanded(app, call, command, data)


async def test_a_recording_needs_an_answered_call() -> None:
    async with serving() as app, Twin(app.url) as twin:
        call = await twin.call()
        told = await commanded(app, call, "record", {"action": "startCallRecording"})

        assert "not answered" in told


@pytest.mark.parametrize(
    ("command", "data"), [("dtmf", {"digit": "5"}), ("sip:request", {"method": "INFO"})]
)
async def test_flat_data_where_it_must_be_nested_is_dropped(command: str, data: Message) -> None:
    async with serving() as app, Twin(app.url) as twin:
        call = await twin.call()

        assert "must be nested" in await commanded(app, call, command, data)


async def test_an_agent_update_without_an_agent_is_noted_and_still_counted() -> None:
    async with serving() as app, Twin(app.url) as twin:
        call = await twin.call()
        await app.update(type="update_instructions", instructions="x")

        assert await call.updates(1) == ["update_instructions"]
        assert "no agent is running" in notes(call)


async def test_a_tool_output_that_nobody_waits_for_is_dropped() -> None:
    async with serving() as app, Twin(app.url) as twin:
        call = await twin.call()
        told = await commanded(app, call, "llm:tool-output", {"a": 1}, tool_call_id="nope")

        assert "late or unknown tool output, dropped" in told


async def test_a_tool_output_without_an_id_is_an_invalid_message() -> None:
    async with serving() as app, Twin(app.url) as twin:
        await twin.call()
        await app.command("llm:tool-output", {"a": 1})

        error = await app.seen("jambonz:error")
        assert "tool_call_id" in error["data"]["details"]
