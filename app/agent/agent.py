"""``Agent``: a value that describes a voice agent and becomes jambonz' agent verb."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import ClassVar, Literal

from app.agent.advice import find_warnings
from app.agent.checks import IN_LLM_OPTIONS, find_problems, llm_of, reserved_names
from app.agent.llm import NO_OPTIONS, Effort, Llm, LlmOptions, Message, Positive
from app.agent.options import (
    BargeIn,
    Count,
    EventHooks,
    Handoff,
    Hangup,
    LanguageConfig,
    NoiseIsolation,
    Servers,
    ToolFiller,
    TurnDetection,
)
from app.agent.prompts import Prompts, read_prompts
from app.agent.rendered import RenderedAgent
from app.agent.tools import Offered, ToolItem, Tools, hidden, listed, present
from app.agent.wire import about_agent, write_agent
from app.tool import ToolSource
from app.verbs.errors import Problem
from app.verbs.hooks import HookRef
from app.verbs.part import Free, Many, NotNegative, Of, OfText, Verb
from app.verbs.render import Render, Static, Wire
from app.verbs.speech import Recognizer, Synthesizer


class Agent(Verb):
    """A voice agent: STT, a language model and TTS with turn-taking, run by jambonz 10.1 or later.

    Make it once at module level or in each call; everything is checked here. Only what is set is
    written. Prompts may hold ``{{from}}``, ``{{customerData.tier}}`` and other data of the call.

    Attributes:
        stt: ``"vendor:model"``, or a recognizer.
        tts: ``"vendor:voice"``, or a synthesizer.
        llm: ``"vendor:model"``, or the full object.
        instructions: The system prompt.
        messages: History to begin with: ``{"role": …, "content": …}``.
        max_tokens: Limit of one reply.
        tools: Functions decorated with ``@tool``, ``mcp_tools(…)``, or definitions as JSON.
        turn_detection: Who decides that the caller has finished; jambonz takes ``"stt"``.
        early_generation: Prompt the model before the end of the turn is certain.
        greeting: Whether the model speaks first; jambonz lets it.
        no_response_timeout: Seconds of silence before the model checks in; 0 never.
        no_response_max_prompts: End the verb after so many check-ins without an answer.
        mcp_servers: Servers whose tools jambonz calls by itself.
        tool_hook: A name of one's own for tool calls, answered with ``@application.on(name)``;
            None turns them off.
        event_hook: A name of one's own for events; None turns events off.
        event_hooks: Functions decorated with ``@event_hook``.
        action_hook: Answers when the agent has ended, with an ``AgentEnded``.
        handoff: Gives the model a tool that transfers the caller to a person.
        hangup: Gives the model a tool that ends the call: True, or ``{"reason": …}``.
        speak: False for an agent that is never voiced.
        speech_cleanup: Keep stage directions and thoughts out of the voice; jambonz does.
        variables: One's own values for ``{{…}}``.
    """

    verb: ClassVar[str] = "agent"
    unwritten: ClassVar[frozenset[str]] = frozenset(
        {*IN_LLM_OPTIONS, "llm", "tool_hook", "event_hook", "event_hooks", "variables"}
    )

    stt: OfText[Recognizer] | None = None
    tts: OfText[Synthesizer] | None = None
    llm: OfText[Llm] | None = None
    instructions: str | None = None
    messages: Many[Message] | None = None
    max_tokens: Positive | None = None
    temperature: NotNegative | None = None
    reasoning_effort: Effort | None = None
    tools: Tools | None = None
    turn_detection: Literal["stt", "krisp"] | Of[TurnDetection] | None = None
    barge_in: Of[BargeIn] | None = None
    early_generation: bool | None = None
    greeting: bool | None = None
    no_response_timeout: NotNegative | None = None
    no_response_max_prompts: Count | None = None
    noise_isolation: Literal["krisp", "rnnoise", "kugelaudio"] | Of[NoiseIsolation] | None = None
    mcp_servers: Servers | None = None
    tool_hook: HookRef | None = None
    event_hook: HookRef | None = None
    event_hooks: EventHooks | None = None
    action_hook: HookRef | None = None
    tool_filler: Literal[False] | Of[ToolFiller] | None = None
    handoff: Of[Handoff] | None = None
    hangup: Hangup = None
    auto_lock_language: bool | Literal["always"] | None = None
    language_config: dict[str, Of[LanguageConfig]] | None = None
    speak: bool | None = None
    speech_cleanup: bool | None = None
    variables: Free | None = None

    def check(self) -> Iterable[Problem]:
        """What is wrong in how the options go together."""
        yield from super().check()
        yield from find_problems(self)

    @property
    def llm_options(self) -> LlmOptions:
        """The options in a full ``llm`` object; empty where there are none."""
        options = self.llm.llm_options if isinstance(self.llm, Llm) else None
        return options if isinstance(options, LlmOptions) else NO_OPTIONS

    @property
    def offered(self) -> tuple[Offered, ...]:
        """The tools as they were given."""
        return tuple(listed(self.tools) if self.tools is not None else self.llm_options.tools or ())

    @cached_property
    def sources(self) -> tuple[ToolSource, ...]:
        """Those that stand for tools which come and go."""
        return tuple(item for item in self.offered if isinstance(item, ToolSource))

    @cached_property
    def last_made(self) -> list[tuple[tuple[ToolItem, ...], "Agent"]]:
        """The agent that these made last, with the tools that it has."""
        return []

    @property
    def tool_items(self) -> tuple[ToolItem, ...]:
        """The tools as of now, wherever they were given."""
        return present(self.offered, reserved_names(self))

    @property
    def llm_label(self) -> str:
        """``vendor:model`` as far as it is set, for logs."""
        llm = llm_of(self)
        return ":".join(filter(None, (llm.vendor, llm.model)))

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What jambonz will ignore, or may not know."""
        return tuple(find_warnings(self))

    @cached_property
    def static(self) -> Static:
        """What is the same in every call: the properties, with the prompts as templates."""
        render = Render()
        wire = write_agent(self, render)
        return Static(wire, render.hooks, frozenset(render.names), render.roles)

    @cached_property
    def prompts(self) -> Prompts | None:
        """The prompts that hold variables; None where none does."""
        return read_prompts(self.static.wire, self.variables or {})

    @cached_property
    def about(self) -> RenderedAgent:
        """What a session needs to know of the agent, as far as it is the same in every call."""
        return about_agent(self)

    def to_wire(self, render: Render) -> Wire:
        """The properties for one call; what a session needs to know goes to ``render.agents``."""
        if self.sources:
            return self.write_as_of_now(render)
        render.include(self.static)
        wire = dict(self.static.wire)
        about = self.about
        if self.prompts is not None:
            wire["llm"] = self.prompts.fill(wire["llm"], render.values)
            about = about.with_prompt_of(wire)
        render.agents.append(about)
        return wire

    def write_as_of_now(self, render: Render) -> Wire:
        """The same for an agent whose tools come and go."""
        wire = self.with_tools(self.tool_items).to_wire(render)
        reserved = frozenset(reserved_names(self))
        last = render.agents[-1]
        render.agents[-1] = replace(last, offered=self.offered, reserved=reserved)
        return wire

    def with_tools(self, tools: tuple[ToolItem, ...]) -> "Agent":
        """The same agent with these tools; the last one is kept, since they seldom change."""
        if not self.last_made or self.last_made[0][0] != tools:
            agent = self.model_copy(update={"tools": tools})
            left_out = hidden(self.offered, tools, reserved_names(self))
            agent.__dict__["warnings"] = (*agent.warnings, *left_out)
            self.last_made[:] = [(tools, agent)]
        return self.last_made[0][1]

    def render_verb(self, render: Render) -> Wire:
        """The instruction for one call."""
        return self.to_verb(render)
