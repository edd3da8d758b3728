"""Legs over real sockets: children that are redirected and grow up, calls that never begin."""

import asyncio
import uuid
from typing import Any

import pytest

from app import (
    Adulting,
    Agent,
    Application,
    CallStatus,
    DialConfirm,
    GatherEnded,
    QueueWait,
    Redirected,
    Session,
    Verb,
    action_hook,
    dial,
    enqueue,
    gather,
    play,
    say,
)
from tests.server.conftest import AGENT, Logbook, Start, answering, ping
from tests.server.jambonz import Jambonz, call_info


@action_hook(name="pressed")
async def pressed(heard: GatherEnded) -> list[Verb]:
    return [say(f"You pressed {heard.digits}.")]


def child_of(call: Jambonz, **data: Any) -> dict[str, Any]:
    """The call info of a leg that a call has dialed."""
    return {
        **call_info(str(uuid.uuid4())),
        "parent_call_sid": call.call_sid,
        "direction": "outbound",
        **data,
    }


async def test_a_child_is_redirected_over_its_parents_socket_and_grows_up_on_its_own(
    start: Start,
) -> None:
    application = answering(lambda: Agent(**AGENT, tools=[ping]))

    @application.on("/child")
    async def give(session: Session, moved: Redirected) -> list[Verb]:
        return [gather(input=["digits"], action_hook=pressed)]

    @application.session_adulting
    async def grow_up(session: Session, leg: Adulting) -> None:
        session.state["parent"] = leg.parent_call_sid

    server = await start(application)
    parent = await server.call()
    data = child_of(parent)
    ack = await parent.ack(await parent.send("session:redirect", data, hook="/child"))
    assert ack["data"][0]["verb"] == "gather"
    assert await parent.tool_call("ping") == {"result": "pong"}, "the parent's agent runs on"

    leg = await server.dial("/call/adulting", call_sid=data["call_sid"])
    msgid = await leg.send("session:adulting", data, call_sid=None)
    assert "data" not in await leg.ack(msgid)
    hook = {**data, "digits": "7", "reason": "dtmfDetected"}
    ack = await leg.ack(await leg.send("verb:hook", hook, hook="/pressed", call_sid=None))
    assert ack["data"] == [{"verb": "say", "text": "You pressed 7."}]
    assert server.session(leg).state["parent"] == parent.call_sid


async def test_an_outbound_call_that_is_not_answered_ends_with_its_status_told(
    start: Start, logbook: Logbook
) -> None:
    told: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    application = answering(lambda: say("never"))

    @application.call_status
    async def note(session: Session, status: CallStatus) -> None:
        told.put_nowait((session.call_sid, status.call_status))

    server = await start(application)
    call = await server.dial()
    for status in ("trying", "ringing", "busy"):
        data = {**call_info(call.call_sid), "direction": "outbound", "call_status": status}
        await call.send("call:status", data, call_sid=None)
    await call.close()

    async with asyncio.timeout(2):
        heard = [await told.get() for _ in range(3)]
    assert heard == [(call.call_sid, status) for status in ("trying", "ringing", "busy")]
    await logbook.line("call_never_began", call_sid=call.call_sid, status="busy")
    assert call.call_sid not in server.calls


async def test_a_callee_is_asked_before_the_bridge_and_their_statuses_end_nothing(
    start: Start,
) -> None:
    @action_hook(name="confirm")
    async def confirm(session: Session, asked: DialConfirm) -> list[Verb]:
        return [gather(say={"text": f"Call for {asked.call_sid}."}, action_hook=pressed)]

    application = answering(lambda: dial("+15085551213", confirm_hook=confirm))
    seen: list[tuple[bool, str]] = []

    @application.call_status
    async def note(session: Session, status: CallStatus) -> None:
        seen.append((status.is_b_leg, status.call_status))

    server = await start(application)
    call = await server.call()
    data = child_of(call, call_status="in-progress")
    await call.send("call:status", data)
    ack = await call.ack(await call.send("dial:confirm", data, hook="/confirm"))
    assert ack["data"][0]["say"]["text"] == f"Call for {data['call_sid']}."
    await call.send("call:status", {**data, "call_status": "completed"})
    await call.hook("/pressed", digits="1", reason="dtmfDetected")

    assert seen == [(True, "in-progress"), (True, "completed")]
    assert server.session(call).is_open


@pytest.mark.parametrize("is_late", [False, True])
async def test_who_waits_in_a_queue_is_kept_there_whatever_the_wait_hook_does(
    start: Start, logbook: Logbook, is_late: bool
) -> None:
    gate = asyncio.Event()

    @action_hook(name="music")
    async def music(session: Session, wait: QueueWait) -> list[Verb]:
        if is_late:
            await gate.wait()
            return [play("https://example.com/late.mp3")]
        return []

    application: Application[Any, Any] = answering(lambda: enqueue("desk", wait_hook=music))
    server = await start(application, limits={"ack_deadline": 0.2})
    call = await server.call()
    waiting = {"queue_sid": "desk", "queue_size": 1, "queue_position": 1, "queue_time": 0}
    ack = await call.ack(await call.send("verb:hook", waiting, hook="/music"))

    assert ack["data"] == [{"verb": "pause", "length": 5}]
    event = "ack_let_go" if is_late else "answer_not_allowed"
    line = await logbook.line(event, call_sid=call.call_sid)
    assert line["hook"] == "/music"
    gate.set()
    if is_late:
        await logbook.line("answered_late", sent=False)
    assert not [one for one in call.frames if one["type"] == "command"]
