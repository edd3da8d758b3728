"""Which messages of jambonz may overtake each other, although one socket keeps its order.

A call's parts write to its socket when they have something to say: the agent its events, a leg its
status, a verb its hook, each tool call of its own. What one part says keeps its order; between
parts it is chance which is first. A verb's hook waits for all that its agent has to say, and
nothing overtakes the messages that begin, redirect or end a session.
"""

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["IN_PLACE", "Lane", "lane_of", "may_overtake"]

Lane = tuple[str, str]
"""Which part of a call speaks, and which one of its kind; empty for what keeps its place."""

IN_PLACE: Final[Lane] = ("", "")
LAST: Final = frozenset({"completed", "failed", "busy", "no-answer", "canceled"})
OF_AN_AGENT: Final = frozenset({"event", "tool"})


def lane_of(message: Mapping[str, Any]) -> Lane:
    """The lane of a message."""
    data = message.get("data")
    values: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
    match message["type"]:
        case "call:status":
            is_last = values.get("call_status") in LAST
            return IN_PLACE if is_last else ("status", str(message.get("call_sid", "")))
        case "agent:event" | "llm:event":
            return ("event", "")
        case "agent:tool-call" | "llm:tool-call":
            return ("tool", str(values.get("tool_call_id", "")))
        case "verb:hook" | "verb:status":
            return ("verb", "")
    return IN_PLACE


def may_overtake(later: Lane, earlier: Lane) -> bool:
    """Whether a message may arrive before one that was sent earlier."""
    if IN_PLACE in (later, earlier) or later == earlier:
        return False
    kinds = {later[0], earlier[0]}
    return not ("verb" in kinds and kinds & OF_AN_AGENT)
