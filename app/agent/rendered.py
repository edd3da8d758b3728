"""What rendering gives: verbs for jambonz, and what the session must answer because of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from app.agent.dialect import AGENT, Dialect
from app.agent.prompts import system_prompt
from app.agent.tools import Offered
from app.hook import Hook
from app.protocol.roles import HookRole
from app.tool import Tool
from app.verbs.render import Wire

# Labels for tool calls and events of an agent whose author named none.
TOOLS = "/tools"
EVENTS = "/events"


class Talker(Protocol):
    """What talks with the caller by itself: an agent, or a speech-to-speech verb."""

    @property
    def id(self) -> str | None:
        """Label of the verb."""

    @property
    def verb(self) -> str:
        """Its name on the wire."""

    @property
    def llm_label(self) -> str:
        """``vendor:model`` as far as it is set, for logs."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What jambonz will ignore, or may not know."""


@dataclass(frozen=True, slots=True)
class RenderedAgent:
    """What a session needs to know of an agent, or a speech-to-speech verb, that it started.

    Attributes:
        agent: The value that was rendered.
        instructions: Its system prompt, filled for this call; empty where there is none.
        tools: Functions by the name that the model knows.
        tool_hook: Where tool calls come, None if there are no tools.
        event_hook: Where events come, None if they are off.
        action_hook: Where its end is told, None if nowhere.
        event_hooks: The functions that hear them.
        raw_tools: Names of tools given as JSON, which no function answers.
        has_greeting: Whether the agent speaks first.
        dialect: How tool outputs, updates and events are written.
        offered: The tools as they were given, where some of them come and go; else empty.
        reserved: Names that those must not have.
    """

    agent: Talker
    instructions: str
    tools: Mapping[str, Tool[..., Any]]
    tool_hook: str | None
    event_hook: str | None
    action_hook: str | None
    event_hooks: tuple[Hook[..., Any], ...]
    raw_tools: tuple[str, ...]
    has_greeting: bool
    dialect: Dialect = AGENT
    offered: "tuple[Offered, ...]" = ()
    reserved: frozenset[str] = frozenset()

    def with_prompt_of(self, wire: Wire) -> "RenderedAgent":
        """The same with the prompt as it was filled."""
        return replace(self, instructions=system_prompt(wire))


@dataclass(frozen=True, slots=True)
class Rendered:
    """Verbs as JSON values, and what they refer to.

    Attributes:
        verbs: For jambonz. What is inside them is shared between calls: don't change it.
        hooks: Every Hook object, by its label.
        names: Hook names given as text that come over this socket, so somebody must answer them.
        agents: The agents among the verbs.
        is_beside: Whether they run beside what runs, instead of in its place.
        roles: What the hooks are for, by label or name, where not every payload tells it.
    """

    verbs: list[Wire]
    hooks: Mapping[str, Hook[..., Any]] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    agents: tuple[RenderedAgent, ...] = ()
    is_beside: bool = False
    roles: Mapping[str, frozenset[HookRole]] = field(default_factory=dict)

    @classmethod
    def of(cls, verbs: list[Wire]) -> "Rendered":
        """Verbs that are JSON values already and refer to nothing."""
        return cls(verbs)
