"""Updates, commands, lost sockets and the end, from code."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
import structlog

from app import (
    Agent,
    Application,
    BadUpdate,
    CallEnded,
    CallNotFound,
    Calls,
    CallStatus,
    FrameTooLarge,
    GenerateReply,
    InjectContext,
    NoAgent,
    Session,
    TurnEnd,
    UpdateInstructions,
    event_hook,
    hangup,
    say,
    tool,
)
from app.session import Receipt
from tests.session.conftest import CALL, CALL_SID, Line
from tests.session.test_opening import AGENT, application_with

Dial = Callable[[Application[Any, Any]], Line]


@tool
async def ping() -> str:
    """Ping."""
    return "pong"


async def talking(call: Dial, **options: Any) -> Line:
    line = call(application_with(Agent(**AGENT, instructions="Help.", **options)))
    await line.open()
    return line


async def test_the_four_updates_go_out_as_the_wire_wants_them(call: Dial) -> None:
    line = await talking(call)
    session = line.session
    await session.update_instructions("You now handle billing.")
    await session.inject_context("Gold tier.")
    await session.update_tools([ping])
    await session.generate_reply(user_input="Tell of the sale.", interrupt=True)

    assert line.commands("agent:update") == [
        {"type": "update_instructions", "instructions": "You now handle billing."},
        {"type": "inject_context", "messages": [{"role": "system", "content": "Gold tier."}]},
        {"type": "update_tools", "tools": [ping.definition]},
        {"type": "generate_reply", "user_input": "Tell of the sale.", "interrupt": True},
    ]


async def test_tools_that_are_offered_in_mid_call_are_answered(call: Dial) -> None:
    line = await talking(call)
    await line.session.update_tools([ping])

    assert await line.tool_call("ping") == {"result": "pong"}


async def test_a_tool_that_no_function_answers_is_a_warning(call: Dial) -> None:
    line = await talking(call)
    receipt = await line.session.update_agent(
        {"type": "update_tools", "tools": [{"name": "transfer_call"}]}
    )

    assert "transfer_call" in receipt.warnings[0]


async def test_an_update_by_hand_is_checked(call: Dial) -> None:
    line = await talking(call)
    with pytest.raises(BadUpdate, match="instructions"):
        await line.session.update_agent({"type": "update_instructions"})


async def test_an_update_that_does_not_fit_is_refused(call: Dial) -> None:
    line = await talking(call)
    with pytest.raises(FrameTooLarge, match=r"data\.instructions"):
        await line.session.update_instructions("x" * 30_000)


async def test_a_call_without_an_agent_has_nothing_to_update(call: Dial) -> None:
    line = call(application_with(say("hi")))
    await line.open()
    with pytest.raises(NoAgent):
        await line.session.generate_reply()


async def test_a_redirect_ends_the_agent_unless_it_brings_one(call: Dial) -> None:
    line = await talking(call)
    await line.session.redirect(Agent(**AGENT, instructions="Second.", tools=[ping]))
    assert await line.tool_call("ping") == {"result": "pong"}
    await line.session.redirect([say("Bye."), hangup()])
    with pytest.raises(NoAgent):
        await line.session.generate_reply()


async def test_the_end_of_the_agent_is_known(call: Dial) -> None:
    line = await talking(call)
    await line.hook("/whatever", completion_reason="no_response")
    with pytest.raises(NoAgent):
        await line.session.generate_reply()


async def test_commands_have_the_shapes_that_jambonz_reads(call: Dial) -> None:
    line = await talking(call)
    session = line.session
    await session.tag({"case": "88"})
    await session.record("start", siprec_server_url="sip:rec@192.0.2.10")
    await session.dtmf("5", duration=250)
    await session.mute(call_sid="leg-b")
    await session.unmute()
    await session.hangup()
    frames = [one for one in line.socket.frames if one["type"] == "command"]

    assert [(one["command"], one["data"], one.get("callSid")) for one in frames] == [
        ("tag", {"case": "88"}, None),
        (
            "record",
            {"action": "startCallRecording", "siprecServerURL": "sip:rec@192.0.2.10"},
            None,
        ),
        ("dtmf", {"digit": "5", "duration": 250, "dtmf": {"digit": "5", "duration": 250}}, None),
        ("mute:status", {"mute_status": "mute"}, "leg-b"),
        ("mute:status", {"mute_status": "unmute"}, None),
        ("call:status", {"call_status": "completed"}, None),
    ]


async def test_events_reach_their_hooks_in_order_one_at_a_time(call: Dial) -> None:
    seen: list[str] = []

    @event_hook
    async def note(session: Session, turn: TurnEnd) -> None:
        seen.append(turn.transcript)

    line = await talking(call, event_hooks=[note])
    for number in range(5):
        line.event("turn_end", transcript=str(number), interrupted=number == 2)
    line.event("user_transcript", transcript="not asked for")
    await line.settled()

    assert seen == ["0", "1", "2", "3", "4"]
    assert (line.session.snapshot()["turns"], line.session.snapshot()["interruptions"]) == (5, 1)


async def test_an_event_hook_that_fails_or_hangs_does_not_stop_the_next_event(call: Dial) -> None:
    import asyncio

    seen: list[str] = []

    @event_hook
    async def note(session: Session, turn: TurnEnd) -> None:
        if turn.transcript == "fails":
            raise RuntimeError
        if turn.transcript == "hangs":
            await asyncio.Event().wait()
        seen.append(turn.transcript)

    line = await talking(call, event_hooks=[note])
    for words in ("fails", "hangs", "works"):
        line.event("turn_end", transcript=words)
    await line.settled()

    assert seen == ["works"]


async def test_statuses_reach_their_handler_typed(call: Dial) -> None:
    seen: list[CallStatus] = []
    application = application_with(say("hi"))

    @application.call_status
    async def note(session: Session, status: CallStatus) -> None:
        seen.append(status)

    line = call(application)
    line.send("call:status", {"call_sid": CALL_SID, "call_status": "ringing"}, call_sid="")
    await line.open(direction="outbound")
    line.send("call:status", {"call_sid": "b", "parent_call_sid": CALL_SID, "call_status": "busy"})
    await line.settled()

    assert [(one.call_sid, one.call_status) for one in seen] == [
        (CALL_SID, "ringing"),
        ("b", "busy"),
    ]
    assert line.session.is_open, "another leg's end is not the call's"


async def test_a_lost_call_keeps_its_state_and_what_is_owed(call: Dial, calls: Calls) -> None:
    opened = []
    application = Application("/a")

    @application.session_new
    async def answer(session: Session) -> Agent:
        opened.append(1)
        session.state["name"] = "Sarah"
        return Agent(**AGENT, instructions="Help.")

    line = call(application)
    await line.open()
    line.event("turn_end")
    line.lose()
    receipt = await calls.update_agent(CALL_SID, UpdateInstructions("Be brief."))
    assert receipt.queued
    assert "data" not in await line.come_back()

    assert [one["type"] for one in line.socket.frames] == ["ack", "command"]
    assert line.session.state == {"name": "Sarah"}
    assert opened == [1]


async def test_the_application_hears_that_jambonz_is_back(call: Dial) -> None:
    heard: list[str] = []
    application = application_with(Agent(**AGENT, instructions="Help."))

    @application.session_reconnect
    async def back(session: Session) -> None:
        heard.append(session.call_sid)
        await session.inject_context("The line was bad for a moment.")

    line = call(application)
    await line.open()
    line.event("turn_end")
    line.lose()
    await line.come_back()

    assert len(await line.command("agent:update")) == 1
    assert heard == [CALL_SID]


async def test_an_answer_that_was_owed_at_the_loss_answers_the_reconnect(call: Dial) -> None:
    import asyncio

    gate = asyncio.Event()
    application = Application("/a")

    @application.session_new
    async def answer(session: Session) -> Any:
        await gate.wait()
        return say("hello")

    line = call(application)
    line.send("session:new", CALL)
    line.lose()
    line.session.attach(line.socket)
    msgid = line.send("session:reconnect", CALL)
    gate.set()

    assert (await line.ack(msgid))["data"] == [{"verb": "say", "text": "hello"}]


async def test_opening_verbs_that_may_be_lost_are_repeated(call: Dial) -> None:
    line = call(application_with(say("hello")))
    await line.open()
    line.lose()

    assert (await line.come_back())["data"] == [{"verb": "say", "text": "hello"}]


async def test_a_reconnect_of_an_unknown_call_is_answered_with_its_opening(call: Dial) -> None:
    line = call(application_with(Agent(**AGENT, instructions="Help.", tools=[ping])))
    ack = await line.ack(line.send("session:reconnect", CALL))

    assert ack["data"][0]["verb"] == "agent"
    assert await line.tool_call("ping") == {"result": "pong"}


async def test_a_call_that_jambonz_does_not_come_back_for_is_forgotten(
    call: Dial, calls: Calls
) -> None:
    import asyncio

    line = await talking(call)
    line.lose()
    async with asyncio.timeout(5):
        while CALL_SID in calls:  # noqa: ASYNC110  the end has no event of its own
            await asyncio.sleep(0.02)
    with pytest.raises(CallNotFound):
        await calls.hangup(CALL_SID)


async def test_nothing_can_be_sent_after_the_end(call: Dial) -> None:
    line = await talking(call)
    line.send("call:status", {"call_sid": CALL_SID, "call_status": "completed"})
    with pytest.raises(CallEnded):
        await line.session.generate_reply()
    line.session.end("completed")
    with pytest.raises(CallEnded):
        await line.session.command("tag", {"a": 1})


async def test_garbage_and_unknown_messages_do_not_stop_a_call(call: Dial) -> None:
    line = await talking(call, tools=[ping])
    for garbage in (b"{", b"[]", b"\xff", orjson.dumps({"type": "new:thing", "msgid": "x"})):
        line.session.receive(garbage)

    assert await line.tool_call("ping") == {"result": "pong"}


async def test_a_receipt_tells_what_was_sent_and_when(call: Dial) -> None:
    line = await talking(call)
    receipt: Receipt = await line.session.update_agent(GenerateReply(instructions="Be brief."))

    assert receipt.type == "generate_reply"
    assert receipt.sent[0]["data"] == {"type": "generate_reply", "instructions": "Be brief."}
    assert receipt.sent_at.tzinfo is not None
    assert not receipt.queued


async def test_every_dialect_of_events_and_tool_calls_works(call: Dial) -> None:
    seen: list[str] = []

    @event_hook
    async def note(session: Session, turn: TurnEnd) -> None:
        seen.append(turn.transcript)

    line = await talking(call, event_hooks=[note], tools=[ping])
    for number, kind in enumerate(("agent", "llm", "verb")):
        event = "verb:hook" if kind == "verb" else f"{kind}:event"
        tool_call = "verb:hook" if kind == "verb" else f"{kind}:tool-call"
        line.send(event, {"type": "turn_end", "transcript": kind}, hook="/events")
        data = {"tool_call_id": f"k{number}", "name": "ping", "args": {}}
        line.send(tool_call, data, hook="/tools")
        assert await line.output(f"k{number}") == {"result": "pong"}
    await line.settled()

    assert seen == ["agent", "llm", "verb"]
    acks = [one for one in line.socket.frames if one["type"] == "ack"]
    assert len(acks) == 3, "the opening, and the two that came as verb:hook"


async def test_context_can_be_any_messages(call: Dial) -> None:
    line = await talking(call)
    await line.session.update_agent(InjectContext([{"role": "user", "content": "x"}]))

    assert line.commands("agent:update")[0]["messages"] == [{"role": "user", "content": "x"}]


async def test_unknown_fields_are_kept_and_told_once_with_advice(call: Dial) -> None:
    line = await talking(call)
    with structlog.testing.capture_logs() as logs:
        for _ in range(2):
            line.event("turn_end", usage={"tokens": 3}, latency={"llm_ms": 1, "new_ms": 2})
            line.send("agent:event", {"type": "user_interruption"}, brand_new=1)
    fields = [one["field"] for one in logs if one["event"] == "unknown_field"]

    assert fields == ["usage", "latency.new_ms", "brand_new"]
    assert line.session.snapshot()["last_turn"]["usage"] == {"tokens": 3}


async def test_the_trace_comes_from_the_envelope_where_the_payload_has_none(call: Dial) -> None:
    line = call(application_with(say("hi")))
    line.send("session:new", {**CALL, "trace_id": None}, b3="7c1d2ab0-19ab-1")

    assert line.session.trace_id == "7c1d2ab0"
