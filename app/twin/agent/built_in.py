"""The tools that the platform itself gives an agent: to hang up, and to hand over to a person."""

from app.llm import ToolDefinition
from app.twin.stack import Verb

HANGUP = "hangup"
HAND_OVER = "transfer_to_human"

_REASON = {"type": "object", "properties": {"reason": {"type": "string"}}}


def definitions(verb: Verb) -> tuple[ToolDefinition, ...]:
    """The built-in tools that an agent verb switches on."""
    tools = []
    if "hangup" in verb:
        tools.append(ToolDefinition(HANGUP, "End the call.", _REASON))
    if name := handoff_name(verb):
        text = verb["handoff"].get("toolDescription") or "Transfer the caller to a person."
        tools.append(ToolDefinition(name, str(text), _REASON))
    return tuple(tools)


def handoff_name(verb: Verb) -> str:
    """The name of the handoff's tool; empty without a handoff."""
    handoff = verb.get("handoff")
    return str(handoff.get("toolName") or HAND_OVER) if handoff else ""
