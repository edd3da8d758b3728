"""The end of a turn: counted, timed, logged; a slow one with who is to blame."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.protocol import measured_stages, read_latency, read_turn_end
from app.session.slow_turn import slow_turn

if TYPE_CHECKING:
    from app.session.live import LiveCall


def end_turn(session: "LiveCall[Any, Any]", data: Mapping[str, Any]) -> None:
    """Take note of a ``turn_end``."""
    is_interrupted = data.get("interrupted") is True
    session._turns += 1
    session._interruptions += is_interrupted
    session._last_turn = data
    latency = read_latency(data.get("latency"))
    seconds = session._runtime.counters.timings.turn_ended(latency)
    tools, session._tool_seconds = session._tool_seconds or {}, None
    if tools and latency.tool_ms is None:
        seconds += sum(tools.values())
    if session._runtime.tracer is not None:
        session._runtime.tracer.turn_ended(session, data)
    if session.log.is_enabled_for(logging.INFO):
        session.log.info("turn_ended", interrupted=is_interrupted, **measured_stages(latency))
    if seconds > session._runtime.limits.slow_turn:
        why = slow_turn(read_turn_end(data), session.agent, tools)
        session.log.warning("slow_turn", seconds=round(seconds, 2), why=why)


def note_tool(session: "LiveCall[Any, Any]", name: str, seconds: float) -> None:
    """A tool has answered within the turn that runs."""
    if session._tool_seconds is None:
        session._tool_seconds = {}
    session._tool_seconds[name] = session._tool_seconds.get(name, 0.0) + seconds
