"""A call as whoever plays it sees it: what waits, what fails, how it begins and ends."""

import asyncio
from typing import Any

import pytest

from app.llm import FakeModel
from app.twin import CallRefused, Entry, Outcome, Pace, Twin, TwinCall, WaitFailed
from tests.twin_app import SILENCE, Message, agent, serving

SAY = [{"verb": "say", "text": "Hello."}]
QUICK = Pace(patience=0.05)


def silent() -> list[Message]:
    return [agent(greeting=False)]


# ---------------------------------------------------------------- waiting


@pytest.mark.parametrize(
    ("method", "arguments", "what"),
    [
        ("heard", (), "something to hear"),
        ("updates", (2,), "2 agent updates"),
        ("command", ("tag",), "command tag"),
        ("reconnected", (), "a reconnect that is acked"),
        ("ended", (), "the end of the call"),
        ("tool_call", ("find", {}), "the output of find"),
        ("far_hangup", (), "somebody to ring off"),
    ],
)
async def test_every_wait_has_a_limit_and_shows_the_last_entries(
    method: str, arguments: tuple[Any, ...], what: str
) -> None:
    async with serving(new=silent()) as app, Twin(app.url, pace=QUICK) as twin:
        call = await twin.call()
        with pytest.raises(WaitFailed) as failed:
            await getattr(call, method)(*arguments)

    text = str(failed.value)
    assert text.startswith(f"{what}: not within 0.05 s")
    assert "session:new" in text or "starting" in text


async def test_a_turn_that_does_not_end_fails_with_its_limit() -> None:
    model = FakeModel([lambda _: asyncio.sleep(60, "Too late.")])
    async with serving(new=silent()) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        with pytest.raises(WaitFailed, match=r"the caller's turn: not within 0\.02 s"):
            await call.say("Hello?", timeout=0.02)


async def test_a_wait_ends_early_when_the_call_is_over() -> None:
    async with serving(new=silent()) as app, Twin(app.url) as twin:
        call = await twin.call()
        waiting = asyncio.create_task(call.heard())
        await app.command("call:status", {"call_status": "completed"})
        with pytest.raises(WaitFailed, match=r"the call is over \(the application hung up\)"):
            await waiting


async def test_nothing_can_be_done_after_the_end() -> None:
    async with serving(new=silent()) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.hangup()
        with pytest.raises(WaitFailed, match="say: the call is over"):
            await call.say("Hello?")
        with pytest.raises(WaitFailed, match="event: the call is over"):
            await call.event("turn_end")

        await call.hangup()  # a second time does no harm
        assert await call.ended() == "the caller hung up"


async def test_a_fault_of_the_model_fails_the_wait_with_its_cause() -> None:
    model = FakeModel([RuntimeError("no such model")])
    async with serving(new=silent()) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        with pytest.raises(WaitFailed, match="the twin failed") as failed:
            await call.say("Hello?")

    assert isinstance(failed.value.__cause__, RuntimeError)


async def test_a_hook_by_hand_without_an_ack_fails_as_jambonz_finds_it() -> None:
    async with (
        serving(new=silent(), hooks={"/slow": SILENCE}) as app,
        Twin(app.url, ack_timeout=0.03) as twin,
    ):
        call = await twin.call()
        with pytest.raises(WaitFailed, match="hook /slow: timeout from far end for msgid"):
            await call.hook("/slow")


# ---------------------------------------------------------------- hearing and looking


async def test_heard_gives_each_text_once_and_skips_what_say_returned() -> None:
    model = FakeModel(["Welcome.", "Yes.", "By the way."])
    async with serving(new=[agent()]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        assert await call.say("Hello?") == "Yes."
        await app.update(type="generate_reply")

        assert await call.heard() == "By the way."
        assert call.spoken == ["Welcome.", "Yes.", "By the way."]


async def test_each_command_is_given_once_in_its_order() -> None:
    async with serving(new=silent()) as app, Twin(app.url) as twin:
        call = await twin.call()
        for case in (1, 2):
            await app.command("tag", {"case": case})
        await app.command("record", {"action": "startCallRecording"})

        assert (await call.command("record"))["command"] == "record"
        assert (await call.command("tag"))["data"] == {"case": 1}
        assert (await call.command())["data"] == {"case": 2}


async def test_updates_counts_from_the_beginning_of_the_call() -> None:
    async with serving(new=silent()) as app, Twin(app.url) as twin:
        call = await twin.call()
        await app.update(type="update_instructions", instructions="a")
        assert await call.updates(1) == ["update_instructions"]
        await app.update(type="inject_context", messages=[])

        assert await call.updates(2) == ["update_instructions", "inject_context"]


@pytest.mark.parametrize("type_", ["llm_response", "agent_response"])
async def test_an_event_by_hand_takes_the_dialects_name(type_: str) -> None:
    async with serving(new=silent()) as app, Twin(app.url, dialect="docs") as twin:
        call = await twin.call()
        await call.event(type_, response="x")

        assert (await app.seen("agent:event"))["data"]["type"] == "agent_response"


async def test_a_turn_end_by_hand_has_what_jambonz_always_sends() -> None:
    async with serving(new=silent()) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.event("turn_end", interrupted=True)

        assert (await app.seen("agent:event"))["data"] == {
            "type": "turn_end",
            "transcript": "",
            "response": "",
            "interrupted": True,
            "latency": {},
        }


async def test_a_subscriber_sees_every_later_entry_as_it_is_logged() -> None:
    entries: list[Entry] = []
    async with serving(new=silent()) as app, Twin(app.url, model=FakeModel(["Hi."])) as twin:
        call = await twin.call()
        call.subscribe(entries.append)
        await call.say("Hello?")
        await call.hangup()

    assert entries == call.log[-len(entries) :]
    assert [e.kind for e in entries if e.kind in ("said", "heard", "end")] == [
        "said",
        "heard",
        "end",
    ]
    assert entries[-1].data["by"] == "caller"
    assert "heard" in str(entries[-4]) or str(entries[0])


async def test_calls_of_one_twin_live_side_by_side_on_one_account() -> None:
    async with serving(new=silent()) as app, Twin(app.url, account_sid="acct") as twin:
        one, two = await asyncio.gather(twin.call(), twin.call())

        assert one.call_sid != two.call_sid
        assert one.account_sid == two.account_sid == "acct"
        assert len(app.requests) == 2


async def test_a_call_hangs_up_when_its_block_ends() -> None:
    async with serving(new=silent()) as app, Twin(app.url) as twin:
        async with await twin.call() as call:
            assert not call.is_over

        assert call.end_reason == "the caller hung up"
        await app.until(lambda: app.closes == [1000])


# ---------------------------------------------------------------- outbound calls


async def test_an_outbound_calls_status_comes_before_session_new_without_a_call_sid() -> None:
    async with serving(new=SAY) as app, Twin(app.url) as twin:
        call = await twin.call(direction="outbound", tag={"orderId": 7})
        await call.heard()

        types = [m["type"] for m in app.messages[:4]]
        early = app.messages[:3]
        assert types == [*["call:status"] * 3, "session:new"]
        assert [m["data"]["call_status"] for m in early] == ["trying", "ringing", "in-progress"]
        assert all("call_sid" not in m for m in early)
        assert {m["data"]["call_sid"] for m in early} == {call.call_sid}
        new = app.messages[3]
        assert new["call_sid"] == call.call_sid
        assert new["data"]["customerData"] == {"orderId": 7}
        assert (new["data"]["direction"], new["data"]["sip_status"]) == ("outbound", 200)
        assert "sip" not in new["data"]


@pytest.mark.parametrize(
    ("answer", "status"), [("busy", "busy"), ("no-answer", "no-answer"), ("failed", "failed")]
)
async def test_an_outbound_call_that_nobody_answers_has_no_session_new(
    answer: Outcome, status: str
) -> None:
    async with serving() as app, Twin(app.url) as twin:
        with pytest.raises(CallRefused, match=f"the called party: {answer}") as refused:
            await twin.call(direction="outbound", answer=answer)
        await app.until(lambda: app.closes == [1000])

    assert app.of("session:new") == []
    assert app.of("call:status")[-1]["data"]["call_status"] == status
    assert [m["type"] for m in app.messages] == ["call:status"] * 3
    assert isinstance(refused.value.call, TwinCall)


async def test_a_bad_first_ack_of_an_outbound_call_hangs_it_up() -> None:
    async with serving(new=[]) as app, Twin(app.url) as twin:
        with pytest.raises(CallRefused, match="no instructions"):
            await twin.call(direction="outbound")
        await app.until(lambda: app.closes == [1001])


# ---------------------------------------------------------------- statuses


async def test_an_application_without_a_status_hook_gets_no_call_status() -> None:
    async with serving(new=SAY) as app, Twin(app.url) as twin:
        call = await twin.call(statuses=False)
        await call.hangup()

    assert app.of("call:status") == []
    assert [e.data["call_status"] for e in call.log if e.kind == "status"] == [
        "trying",
        "in-progress",
        "completed",
    ]


async def test_a_caller_who_hangs_up_before_the_answer_gives_a_487() -> None:
    verbs = [{"verb": "pause", "length": 60}]
    async with serving(new=verbs) as app, Twin(app.url, pace=Pace(scale=1)) as twin:
        call = await twin.call()
        await call.hangup()

    last = app.of("call:status")[-1]["data"]
    assert (last["call_status"], last["sip_status"]) == ("no-answer", 487)
    assert last["call_termination_by"] == "caller"


async def test_the_natural_pace_is_real_time() -> None:
    pace = Pace.natural()

    assert (pace.scale, pace.silence) == (1.0, True)
    assert pace.speech_rate is not None
