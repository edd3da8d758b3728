"""The end of a turn: counted, timed, logged; a slow one with who is to blame."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.lines import QUICK
from app.protocol import measured_stages, read_turn_end
from app.session.slow_turn import slow_turn

if TYPE_CHECKING:
    from app.session.live import LiveCall


def end_turn(session: "LiveCall[Any, Any]", data: Mapping[str, Any]) -> None:
    """Take note of a ``turn_end``."""
    is_interrupted = data.get("interrupted") is True
    session._turns += 1
    session._interruptions += is_interrupted
    session._last_turn = data
    stages = measured_stages(data.get("latency"))
    stages["interrupted"] = is_interrupted
    seconds = session._runtime.counters.timings.turn_ended(stages)
    if session._kept is not None:
        session._kept.append((0, 0.0, "turn", stages))  # behind the entry of its turn_end
    tools, session._tool_seconds = session._tool_seconds, None
    if tools and "tool_ms" not in stages:
        seconds += sum(tools.values())
    if session._runtime.tracer is not None:
        session._runtime.tracer.turn_ended(session, data)
    session._changed()
    QUICK.info("turn_ended", session, stages)
    if seconds > session._runtime.limits.slow_turn:
        why = slow_turn(read_turn_end(data), session.agent, tools or {})
        session.log.warning("slow_turn", seconds=round(seconds, 2), why=why)


def note_tool(session: "LiveCall[Any, Any]", name: str, seconds: float) -> None:
    """A tool has answered within the turn that runs."""
    if session._tool_seconds is None:
        session._tool_seconds = {}
    session._tool_seconds[name] = session._tool_seconds.get(name, 0.0) + seconds
