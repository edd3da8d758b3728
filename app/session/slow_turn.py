"""A slow turn in one sentence: which stage took how long, and who is to blame."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.application import shown

if TYPE_CHECKING:
    from app.agent import RenderedAgent
    from app.protocol import TurnEnd
    from app.tool import Tool

LEAST_SHOWN = 0.05
"""Seconds; what took less is not worth a word."""


def slow_turn(turn: "TurnEnd", agent: "RenderedAgent | None", tools: Mapping[str, float]) -> str:
    """The sentence, such as ``turn took 3.4 s: 2.6 s in tool get_weather (hooks/weather.py), …``.

    Args:
        turn: The turn as jambonz measured it.
        agent: The agent that ran: it knows who does what.
        tools: Seconds that our own tools took in this turn, by name.
    """
    parts = sorted(stages_of(turn, agent, tools).items(), key=lambda part: -part[1])
    total = sum(seconds for _, seconds in parts)
    told = [f"{seconds:.1f} s in {who}" for who, seconds in parts if seconds >= LEAST_SHOWN]
    return f"turn took {total:.1f} s: {', '.join(told)}"


def stages_of(
    turn: "TurnEnd", agent: "RenderedAgent | None", tools: Mapping[str, float]
) -> dict[str, float]:
    """Seconds by who took them. One of jambonz' dialects leaves out the tools: ours we know."""
    latency, given = turn.latency, agent.agent if agent else None
    tool_ms = latency.tool_ms if latency.tool_ms is not None else sum(tools.values()) * 1000
    model = given.llm_label if given else ""
    measured = {
        f"speech recognition {label(given, 'stt', 'model')}".rstrip(): latency.stt_ms,
        f"turn detection by {detector(getattr(given, 'turn_detection', None))}": latency.eot_ms,
        f"the model {model}".rstrip(): latency.llm_ms,
        tool_name(turn, agent, tools): tool_ms,
        f"the voice {label(given, 'tts', 'voice')}".rstrip(): latency.tts_ms,
    }
    return {who: ms / 1000 for who, ms in measured.items() if ms}


def label(given: object, option: str, detail: str) -> str:
    """``vendor:detail`` of a recognizer or a voice, as far as it is set."""
    part = getattr(given, option, None)
    known = [getattr(part, "vendor", None), getattr(part, detail, None)]
    return ":".join(one for one in known if isinstance(one, str))


def detector(given: Any) -> str:
    """Who decides that the caller has finished."""
    mode = given if isinstance(given, str) else getattr(given, "mode", None)
    return mode or "stt"


def tool_name(turn: "TurnEnd", agent: "RenderedAgent | None", tools: Mapping[str, float]) -> str:
    """The tool of ours that took the most; where ours took little, what jambonz says it called."""
    spent = dict(tools)
    is_ours = sum(tools.values()) * 2000 >= (turn.latency.tool_ms or 0)
    if not tools or not is_ours:
        spent = {one.name: one.rtt_ms or 0 for one in turn.tool_calls if one.name not in tools}
    if not spent:
        return "tools that jambonz calls by itself"
    slowest = max(spent, key=lambda name: spent[name])
    more = f" and {len(spent) - 1} more" if len(spent) > 1 else ""
    where = place_of(agent.tools.get(slowest) if agent else None) if is_ours else ", not of ours"
    return f"tool {slowest}{where}{more}"


def place_of(tool: "Tool[..., Any] | None") -> str:
    """`` (hooks/weather.py)``, the file of a tool."""
    code = getattr(tool.function, "__code__", None) if tool else None
    return f" ({shown(code.co_filename)})" if code else ""
