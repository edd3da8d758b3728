"""Tool calls that outlive their process: what a checkpoint has of them, and how they go on.

What runs goes on by one rule. A function that is not ``once`` runs again under the same id. One
that is runs again only if it had not been begun; its result is sent if it is known, and if it is
not, the model is told that nobody knows. Deadlines count anew.

Meanwhile tool calls that come are held: behind those of a checkpoint, or for the next node.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.protocol import MalformedMessage, Message, decode, read_calls
from app.session.tool_run import FAILED, ToolRun, failed, name_of, settle
from app.tool import ToolSource, phrases

if TYPE_CHECKING:
    from app.session.tools import ToolCalls

CARRIED = 32 * 1024
"""Bytes of messages that a checkpoint carries so that their tool calls can begin again."""
READY_SECONDS = 5.0
"""How long tool calls wait for a server that has their tools."""


@dataclass(frozen=True, slots=True)
class Held:
    """A tool call that waits to be begun, or begun again.

    Attributes:
        call_id: Its id.
        name: What the model called.
        frame: The message that it came with; empty where that was too large to be carried.
        once_key: What tells it from others that run once, where it had been begun.
        is_late: Whether the model has been answered, and its result follows.
        is_asked: Whether it came over MCP: who waited for it is gone.
    """

    call_id: str
    name: str
    frame: bytes = b""
    once_key: str = ""
    is_late: bool = False
    is_asked: bool = False


def capture(calls: "ToolCalls") -> dict[str, Any] | None:
    """What a checkpoint has of a call's tools, as JSON; None where there is nothing to keep."""
    if not (calls._runs or calls._held or calls._once or calls._has_filler_track):
        return None  # as of most calls at most times
    runs = sorted(calls._runs, key=lambda one: one.started)
    held = [*(calls._held or ()), *(held_of(calls, one) for one in runs)]
    value: dict[str, Any] = {}
    if held:
        value = write_held(held)
    if calls._once:
        value["once"] = calls._once.capture()
    if calls._has_filler_track:
        value["has_filler_track"] = True
    return value


def write_held(held: Sequence[Held]) -> dict[str, Any]:
    """Tool calls as JSON; several of one message share its text."""
    places: dict[bytes, int] = {}
    left, written = CARRIED, []
    for one in held:
        if one.frame and one.frame not in places and len(one.frame) <= left:
            places[one.frame] = len(places)
            left -= len(one.frame)
        entry: dict[str, Any] = {"id": one.call_id, "name": one.name}
        if one.frame in places:
            entry["frame"] = places[one.frame]
        if one.once_key:
            entry["once"] = one.once_key
        if one.is_late:
            entry["is_late"] = True
        if one.is_asked:
            entry["is_asked"] = True
        written.append(entry)
    return {"calls": written, "frames": [frame.decode() for frame in places]}


def held_of(calls: "ToolCalls", tool_run: ToolRun) -> Held:
    """A tool call that runs, as it would be begun again."""
    return Held(
        tool_run.call_id,
        tool_run.name,
        tool_run.frame,
        tool_run.once_key,
        tool_run.is_late,
        tool_run.call_id in calls._asked,
    )


def restore(calls: "ToolCalls", value: Mapping[str, Any] | None) -> None:
    """Take over what a checkpoint has; nothing is begun before :func:`begin_held`."""
    value = value or {}
    frames = [text.encode() for text in value.get("frames", ())]
    calls._once.restore(value.get("once", ()))
    calls._has_filler_track = bool(value.get("has_filler_track"))
    calls._held = [
        Held(
            one["id"],
            one["name"],
            frames[one["frame"]] if "frame" in one else b"",
            one.get("once", ""),
            bool(one.get("is_late")),
            bool(one.get("is_asked")),
        )
        for one in value.get("calls", ())
    ]


def hold(calls: "ToolCalls", message: Message, frame: bytes) -> None:
    """Keep the tool calls of a message back."""
    assert calls._held is not None
    for data in read_calls(message.data, message.msgid):
        if isinstance(call_id := data.get("tool_call_id"), str):
            calls._held.append(Held(call_id, name_of(data), frame))


def resume(calls: "ToolCalls") -> None:
    """Begin what was held; tools of servers that are not connected yet wait for these."""
    session, calls._is_leaving = calls._session, False
    offered = session.agent.offered if session.agent else ()
    sources = [one for one in offered if isinstance(one, ToolSource)]
    if sources and any(one.name not in session._agents.tools for one in calls._held or ()):
        session._start(begin_when_ready(calls, sources))
    else:
        begin_held(calls)


async def begin_when_ready(calls: "ToolCalls", sources: Sequence[ToolSource]) -> None:
    """The same, once the sources of tools are there, or have had their time."""
    await asyncio.gather(*(one.ready(READY_SECONDS) for one in sources))
    begin_held(calls)


def begin_held(calls: "ToolCalls") -> None:
    """Begin what was held, by the rule; from now on tool calls begin when they come."""
    if calls._is_leaving or not calls._session.is_open:
        return
    held, calls._held = calls._held or (), None
    for one in held:
        go_on(calls, one)


def go_on(calls: "ToolCalls", one: Held) -> None:
    """One tool call goes on, or is answered."""
    session = calls._session
    if one.is_asked:
        session.log.warning("tool_call_restored", tool=one.name, how="dropped: it came over MCP")
    elif not one.is_late and not session._connection.is_tool_call_open(one.call_id):
        return  # it was answered by hand
    elif one.once_key in calls._once:
        end_once(calls, one)
    elif (found := find_data(one)) is not None and calls._can_begin(*found):
        session.log.info("tool_call_restored", tool=one.name, how="runs again")
        calls._begin_again(*found, frame=one.frame, is_late=one.is_late)
    else:
        fix = "keep tools at module level of handlers/ or hooks/, and their names as they are"
        session.log.error("tool_call_restored", tool=one.name, how="its function is gone", fix=fix)
        give(calls, one, FAILED, "failed", phrases.GAVE_UP)


def end_once(calls: "ToolCalls", one: Held) -> None:
    """What must not run twice had been begun: its result, or that nobody knows."""
    session, result = calls._session, calls._once.result(one.once_key)
    if result is None:
        session.log.warning("tool_call_restored", tool=one.name, how="outcome unknown")
        unknown = failed(phrases.OUTCOME_LOST)
        give(calls, one, unknown, "outcome_unknown", phrases.OUTCOME_LOST)
        return
    session.log.info("tool_call_restored", tool=one.name, how="its result is sent again")
    session._runtime.counters.outputs_resent(1)
    if one.is_late:
        calls._tell_later(phrases.LATE_RESULT.format(name=one.name, result=result.decode()))
    else:
        calls._answer(one.call_id, one.name, result, "ok", 0.0)


def give(calls: "ToolCalls", one: Held, output: bytes, outcome: str, reason: str) -> None:
    """Say that no result will come: as the output, or as context where there was one."""
    if one.is_late:
        calls._tell_later(phrases.LATE_FAILURE.format(name=one.name, reason=reason))
    else:
        calls._answer(one.call_id, one.name, output, outcome, 0.0)


def find_data(one: Held) -> tuple[Message, dict[str, Any]] | None:
    """The message of a tool call, and what it has of it."""
    with suppress(MalformedMessage):
        message = decode(one.frame, time.monotonic())
        for data in read_calls(message.data, message.msgid):
            if data.get("tool_call_id") == one.call_id:
                return message, data
    return None


async def finish(calls: "ToolCalls", grace: float) -> None:
    """Let what runs end, for so many seconds; hold what does not, and what still comes."""
    if calls._runs:
        calls._idle = calls._session._loop.create_future()
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await calls._idle
        calls._idle = None
    calls._held, calls._is_leaving = calls._held or [], True
    for tool_run in sorted(calls._runs, key=lambda one: one.started):
        calls._stop(tool_run)
        calls._held.append(held_of(calls, tool_run))
        calls._session.log.info("tool_call_moved", tool=tool_run.name)
    for waiting in calls._asked.values():
        settle(waiting, failed(phrases.UNREACHABLE), is_error=True)
    calls._asked.clear()
