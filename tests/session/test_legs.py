"""Redirected and adult legs, legs that were dialed, and outbound calls that tell of themselves."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import structlog.testing

from app import (
    Adulting,
    Agent,
    Application,
    CallStatus,
    GatherEnded,
    Redirected,
    Session,
    Verb,
    VerbEnded,
    action_hook,
    gather,
    hangup,
    redirect,
    say,
    tool,
)
from tests.session.conftest import CALL, CALL_SID, Line

Dial = Callable[[Application[Any, Any]], Line]
CHILD = "9a7e1c2d-77aa-4c1f-8a55-0f2f6e3d4b02"
AGENT: dict[str, Any] = {"llm": "openai:gpt-4.1-mini", "stt": "deepgram", "tts": "cartesia:x"}
LEG = {**CALL, "call_sid": CHILD, "parent_call_sid": CALL_SID, "direction": "outbound"}


@tool
async def ping() -> str:
    """Ping."""
    return "pong"


@action_hook(name="pressed")
async def pressed(session: Session, heard: GatherEnded) -> list[Verb]:
    return [say(f"You pressed {heard.digits}.")]


def busy() -> Application[Any, Any]:
    """An application whose calls run an agent, and which notes each status."""
    made: Application[Any, Any] = Application("/busy", state=list)

    @made.session_new
    async def answer(session: Session) -> Any:
        return Agent(**AGENT, tools=[ping])

    return made


def child_line(parent: Line) -> Line:
    """The socket of a leg that became a call of its own."""
    line = Line(parent.application, parent.calls)
    line.count = 1000
    return line


async def test_the_child_of_a_redirect_gets_its_verbs_and_the_parent_goes_on(call: Dial) -> None:
    application = busy()

    @application.on("/for-the-child")
    async def child(session: Session, moved: Redirected) -> list[Verb]:
        assert moved.is_other_leg
        assert moved.call_sid == CHILD
        return [gather(input=["digits"], action_hook=pressed)]

    line = call(application)
    await line.open()
    ack = await line.ack(line.send("session:redirect", LEG, hook="/for-the-child"))
    assert ack["data"][0]["verb"] == "gather"
    assert line.session.agent is not None
    assert await line.tool_call("ping") == {"result": "pong"}

    leg = child_line(line)
    await leg.ack(leg.send("session:adulting", LEG, call_sid=None))
    assert (await leg.hook("/pressed", call_sid=CHILD, digits="7"))["data"] == [
        {"verb": "say", "text": "You pressed 7."}
    ]


async def test_an_agent_that_a_child_was_given_answers_on_the_childs_own_socket(call: Dial) -> None:
    application = busy()

    @application.session_redirect
    async def moved(session: Session, event: Redirected) -> Agent:
        return Agent(**AGENT, tools=[ping])

    line = call(application)
    await line.open()
    await line.ack(line.send("session:redirect", LEG, hook="/anywhere"))
    leg = child_line(line)
    await leg.ack(leg.send("session:adulting", LEG, call_sid=None))

    assert leg.session.agent is not None
    assert await leg.tool_call("ping") == {"result": "pong"}
    (output,) = [one for one in leg.socket.frames if one.get("command") == "llm:tool-output"]
    assert output["callSid"] == CHILD


async def test_a_leg_that_was_given_verbs_by_a_command_knows_their_hooks(call: Dial) -> None:
    line = call(busy())
    await line.open()
    line.send("call:status", {**LEG, "call_status": "in-progress"})
    agent = Agent(**AGENT, tools=[ping])
    await line.session.command(
        "redirect", {"parent_call": [say("Back with me.")], "child_call": [agent]}
    )
    assert line.session.agent is None, "the parent only says something"

    leg = child_line(line)
    await leg.ack(leg.send("session:adulting", LEG, call_sid=None))
    assert await leg.tool_call("ping") == {"result": "pong"}


async def test_what_an_adult_leg_is_to_do_goes_as_a_redirect_with_its_call_sid(call: Dial) -> None:
    application = busy()

    @application.session_adulting
    async def drive(session: Session, leg: Adulting) -> list[Verb]:
        return [say(f"Goodbye, child of {leg.parent_call_sid}."), hangup()]

    leg = call(application)
    with structlog.testing.capture_logs() as logs:
        ack = await leg.ack(leg.send("session:adulting", LEG, call_sid=None))
        await leg.command("redirect")

    assert "data" not in ack
    assert leg.socket.frames[-1] == {
        "type": "command",
        "command": "redirect",
        "callSid": CHILD,
        "data": [
            {"verb": "say", "text": f"Goodbye, child of {CALL_SID}."},
            {"verb": "hangup"},
        ],
    }
    assert [one["event"] for one in logs if one["log_level"] == "warning"] == []


async def test_an_adult_leg_that_nobody_drives_is_told_with_the_code_to_paste(call: Dial) -> None:
    leg = call(busy())
    with structlog.testing.capture_logs() as logs:
        await leg.ack(leg.send("session:adulting", LEG, call_sid=None))

    (line,) = [one for one in logs if one["event"] == "hook_unanswered"]
    assert "@busy.session_adulting" in line["advice"]


@pytest.mark.parametrize("kind", ["session:redirect", "session:adulting"])
async def test_every_command_of_a_call_that_came_by_another_door_names_its_leg(
    call: Dial, kind: str
) -> None:
    line = call(busy())
    await line.ack(line.send(kind, LEG, call_sid=None, hook="/x"))
    await line.session.mute()
    await line.session.hangup()
    await line.session.command("tts:clear")

    assert [one["callSid"] for one in line.socket.frames if one["type"] == "command"] == [CHILD] * 3


async def test_a_call_without_memory_names_its_leg_too(call: Dial) -> None:
    line = call(busy())
    await line.ack(line.send("session:reconnect", LEG, call_sid=None))
    await line.session.hangup()

    assert line.socket.frames[-1]["callSid"] == CHILD


async def test_a_redirect_verb_may_name_a_function(call: Dial) -> None:
    @action_hook(name="next")
    async def go_on(moved: Redirected) -> list[Verb]:
        return [say(f"At {moved.hook} with {moved.call_status}.")]

    application: Application[Any, Any] = Application("/r")

    @application.session_new
    async def answer(session: Session) -> Verb:
        return redirect(go_on)

    line = call(application)
    await line.open()
    ack = await line.ack(line.send("session:redirect", CALL, hook="/next"))

    assert ack["data"] == [{"verb": "say", "text": "At /next with trying."}]


async def test_the_status_of_a_dialed_leg_is_told_and_never_ends_the_call(call: Dial) -> None:
    application = busy()

    @application.call_status
    async def note(session: Session, status: CallStatus) -> None:
        session.state.append((status.is_b_leg, status.call_sid, status.call_status))

    line = call(application)
    await line.open()
    for status in ("ringing", "in-progress", "completed"):
        line.send("call:status", {**LEG, "call_status": status})
    line.send("call:status", {"parent_call_sid": CALL_SID, "call_status": "failed"})
    await line.settled()

    assert line.session.state == [
        (True, CHILD, "ringing"),
        (True, CHILD, "in-progress"),
        (True, CHILD, "completed"),
        (True, "", "failed"),
    ]
    assert line.session.is_open
    assert line.session.call_status == "trying"
    assert await line.tool_call("ping") == {"result": "pong"}


async def test_an_outbound_call_tells_of_itself_before_it_begins(call: Dial) -> None:
    application = busy()

    @application.call_status
    async def note(session: Session, status: CallStatus) -> None:
        session.state.append((session.call_sid, session.direction, session.to, status.call_status))

    line = call(application)
    for status in ("trying", "ringing"):
        data = {**CALL, "direction": "outbound", "call_status": status}
        line.send("call:status", data, call_sid=None)
    await line.settled()
    assert line.session.state == [
        (CALL_SID, "outbound", "+16175550100", "trying"),
        (CALL_SID, "outbound", "+16175550100", "ringing"),
    ]
    assert not line.session.is_open
    assert list(line.calls) == []

    assert (await line.open(call_status="in-progress"))["data"][0]["verb"] == "agent"
    assert line.session.call_status == "in-progress"
    assert list(line.calls) == [line.session]


async def test_an_outbound_call_that_never_begins_ends_with_its_status_told(call: Dial) -> None:
    application, told = busy(), asyncio.Queue[str]()

    @application.call_status
    async def note(session: Session, status: CallStatus) -> None:
        await asyncio.sleep(0)
        told.put_nowait(f"{session.call_sid[:4]} {status.call_status} {status.is_final}")

    line = call(application)
    line.send("call:status", {**CALL, "call_status": "trying"}, call_sid=None)
    line.send("call:status", {**CALL, "call_status": "busy"}, call_sid=None)
    line.session.lost(line.socket, cleanly=True, is_over=True)
    await line.settled()

    assert [told.get_nowait(), told.get_nowait()] == ["0b9d trying False", "0b9d busy True"]
    assert list(line.calls) == []
    assert line.session._runtime.waiting <= {line.session}


async def test_the_last_status_of_a_call_is_told_although_its_socket_closes_at_once(
    call: Dial,
) -> None:
    application, told = busy(), asyncio.Queue[str]()

    @application.call_status
    async def note(session: Session, status: CallStatus) -> None:
        await asyncio.sleep(0.01)
        told.put_nowait(status.call_status)

    line = call(application)
    await line.open()
    line.send("call:status", {**CALL, "call_status": "completed", "duration": 42})
    line.session.lost(line.socket, cleanly=True, is_over=True)
    await line.settled()

    assert told.get_nowait() == "completed"


async def test_a_status_handler_that_hangs_is_cancelled_in_the_end(call: Dial) -> None:
    application, is_cancelled = busy(), asyncio.Event()

    @application.call_status
    async def note(session: Session, status: CallStatus) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            is_cancelled.set()

    line = call(application)
    await line.open()
    line.send("call:status", {**CALL, "call_status": "completed"})
    line.session.lost(line.socket, cleanly=True, is_over=True)

    await asyncio.wait_for(is_cancelled.wait(), 1)


async def test_a_hook_of_a_dialed_leg_may_be_any_verb(call: Dial) -> None:
    application = busy()

    @application.on("/of-the-child")
    async def child(session: Session, ended: VerbEnded) -> list[Verb]:
        return [hangup()]

    line = call(application)
    await line.open()
    ack = await line.hook("/of-the-child", **LEG)

    assert ack["data"] == [{"verb": "hangup"}]
    assert line.session.agent is not None
