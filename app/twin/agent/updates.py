"""The four mid-call updates."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from app.twin.agent.cue import Cue

if TYPE_CHECKING:
    from app.twin.agent.agent import Agent

Update = Mapping[str, Any]


def apply(agent: "Agent", update: Update) -> str:
    """Carry out an update; return what is wrong with it, or ""."""
    action = _UPDATES.get(str(update.get("type")))
    if action is None:
        return f"unknown type {update.get('type')!r}; known: {', '.join(_UPDATES)}"
    return action(agent, update)


def _update_instructions(agent: "Agent", update: Update) -> str:
    if not isinstance(update.get("instructions"), str):
        return "update_instructions needs instructions, a string"
    agent.conversation.instructions = update["instructions"]
    return ""


def _inject_context(agent: "Agent", update: Update) -> str:
    messages = update.get("messages")
    if not isinstance(messages, list) or not all(isinstance(m, Mapping) for m in messages):
        return "inject_context needs messages, a list of objects with role and content"
    agent.conversation.inject(messages)
    return ""


def _update_tools(agent: "Agent", update: Update) -> str:
    tools = update.get("tools")
    if not isinstance(tools, list) or not all(isinstance(t, Mapping) for t in tools):
        return "update_tools needs tools, a list of objects"
    agent.conversation.set_tools(tools)
    return ""


def _generate_reply(agent: "Agent", update: Update) -> str:
    cue = Cue(
        "reply",
        text=str(update.get("user_input") or ""),
        instructions=str(update.get("instructions") or ""),
    )
    agent.take_cue(cue, interrupt=bool(update.get("interrupt")))
    return ""


_UPDATES: dict[str, Callable[["Agent", Update], str]] = {
    "update_instructions": _update_instructions,
    "inject_context": _inject_context,
    "update_tools": _update_tools,
    "generate_reply": _generate_reply,
}
