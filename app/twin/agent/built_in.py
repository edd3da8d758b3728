"""The tools that the platform itself gives an agent: to hang up, and to hand over to a person."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.llm import ToolDefinition
from app.twin.agent.casting import is_rehearsed
from app.twin.agent.summary import BRIEF, sum_up, transcript
from app.twin.stack import Verb

if TYPE_CHECKING:
    from app.twin.agent.agent import Agent

HANGUP = "hangup"
HAND_OVER = "transfer_to_human"

_PEOPLE = "a human, operator, agent, representative, supervisor, manager, someone"

_REASON = {"type": "object", "properties": {"reason": {"type": "string"}}}


def definitions(verb: Verb) -> tuple[ToolDefinition, ...]:
    """The built-in tools that an agent verb switches on."""
    tools = []
    if "hangup" in verb:
        tools.append(ToolDefinition(HANGUP, "Hang up: end the call.", _REASON))
    if name := handoff_name(verb):
        text = (
            verb["handoff"].get("toolDescription") or f"Transfer the caller to a person: {_PEOPLE}."
        )
        tools.append(ToolDefinition(name, str(text), _REASON))
    return tuple(tools)


def handoff_name(verb: Verb) -> str:
    """The name of the handoff's tool; empty without a handoff."""
    handoff = verb.get("handoff")
    return str(handoff.get("toolName") or HAND_OVER) if handoff else ""


async def brief(agent: "Agent", handoff: Verb) -> str:
    """What the person is told who takes the call over.

    As in jambonz the language model sums the call up where it is one; where none plays, or it does
    not answer, the caller's last words are quoted.
    """
    match handoff.get("brief", "auto"):
        case "none":
            return ""
        case {"template": template}:
            return str(template)
    said = agent.conversation.last_words
    if said and not is_rehearsed(agent.model):
        conversation = agent.conversation
        story = transcript(conversation.messages, earlier=conversation.summary)
        with agent.leg.clock.hold():
            text = await sum_up(agent.model, BRIEF, story)
        if text:
            return text
        agent.leg.log.note("the model gave no brief: the caller's last words stand for it")
    about = f" The caller said: {said}" if said else ""
    return f"A call from {agent.leg.info.from_}.{about}"


def told_of_transfer(result: Mapping[str, Any]) -> dict[str, str]:
    """What the model is told of a transfer, in words; the ids are for the action hook."""
    if result["transfer_result"] == "returned":
        return {"error": f"The transfer failed: {result['transfer_reason']}."}
    return {"result": f"The transfer has ended: {result['transfer_result']}."}
