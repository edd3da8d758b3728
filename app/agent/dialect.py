"""How what runs is spoken to: an agent in jambonz' own words, another model in its vendor's.

The session knows one interface: what a tool output looks like, what an update becomes, and what
class an event has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import orjson

from app.protocol import AgentUpdate, BadUpdate, GenerateReply, InjectContext, OtherEvent, Wire


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What a tool gave, before it has a vendor's shape.

    Attributes:
        call_id: The ``tool_call_id`` that it answers.
        name: Of the tool; empty where it is not known.
        encoded: JSON text, always of an object; ``{"error": …}`` where the tool failed.
        is_error: Whether it failed.
    """

    call_id: str
    name: str
    encoded: bytes
    is_error: bool = False

    @property
    def result(self) -> Wire:
        """The object."""
        result: Wire = orjson.loads(self.encoded)
        return result


@dataclass(frozen=True, slots=True)
class TurnOver:
    """Whoever talks has finished.

    Attributes:
        is_interrupted: Whether the caller spoke over it.
        unheard: Words that may not have been heard yet: some vendors send them faster than a voice
            speaks.
    """

    is_interrupted: bool = False
    unheard: str = ""


class Dialect(Protocol):
    """The shapes of one kind of conversation."""

    @property
    def command(self) -> str:
        """The command that carries an update."""

    @property
    def other_event(self) -> type:
        """The class of an event that has none of its own."""

    def output(self, one: ToolOutput) -> Wire | orjson.Fragment:
        """The ``data`` of llm:tool-output."""

    def updates(self, update: AgentUpdate) -> list[Wire]:
        """The ``data`` of each command that one of the four updates becomes.

        Raises:
            BadUpdate: It cannot be done here; the text says why and what to do instead.
        """

    def telling(self, text: str) -> Sequence[AgentUpdate]:
        """The updates that give the model a late result, and let it speak of it if it can.

        Empty where nothing reaches the model once it runs.
        """

    def turn_over(self, event: Mapping[str, Any]) -> TurnOver | None:
        """The end of a turn, if an event tells of it."""

    def heard(self, event: Mapping[str, Any]) -> TurnOver | None:
        """The end of the sound, if an event tells of it."""

    def check_event(self, event: Wire) -> tuple[str, ...]:
        """Check a vendor's own client event for llm:update; what is not certain is a warning.

        Raises:
            BadUpdate: jambonz would drop it; the text names what it takes.
        """


class AgentDialect:
    """The agent verb: jambonz understands the updates and any object as a tool's output."""

    command: ClassVar[str] = "agent:update"
    other_event: ClassVar[type] = OtherEvent

    def output(self, one: ToolOutput) -> orjson.Fragment:
        """The result as it is."""
        return orjson.Fragment(one.encoded)

    def updates(self, update: AgentUpdate) -> list[Wire]:
        """The update as it is."""
        return [update.to_wire()]

    def telling(self, text: str) -> Sequence[AgentUpdate]:
        """As context, then a reply."""
        return (InjectContext([{"role": "system", "content": text}]), GenerateReply())

    def turn_over(self, event: Mapping[str, Any]) -> TurnOver | None:
        """``turn_end``, which comes when the words have been heard."""
        is_end = event.get("type") == "turn_end"
        return TurnOver(event.get("interrupted") is True) if is_end else None

    def heard(self, event: Mapping[str, Any]) -> TurnOver | None:
        """No event of its own: a turn ends with its sound."""
        return None

    def check_event(self, event: Wire) -> tuple[str, ...]:
        """An agent takes no events of a vendor."""
        raise BadUpdate(
            "llm_update",
            "this call runs an agent, which has no vendor's events: use update_instructions, "
            "inject_context, update_tools or generate_reply",
        )


AGENT = AgentDialect()
