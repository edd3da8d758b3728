"""The speech-to-speech verbs: one model hears and speaks, through jambonz.

Tools, hooks and prompt are given as to an Agent; each vendor gets them where it reads them, and its
outputs and updates in its own shape (``app/s2s/vendors.py``).
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from app.agent import EVENTS, TOOLS, Handoff, RenderedAgent
from app.agent.options import Hangup, Servers
from app.agent.templates import Template, compile_template
from app.agent.tools import ToolItem, tool_name, tool_wire
from app.agent.wire import hook_name, write_event_hook, write_tool_hook
from app.hook import Hook
from app.protocol import Wire
from app.s2s.checks import find_problems, find_warnings
from app.s2s.dialect import VendorDialect
from app.s2s.vendor import Vendor, look, put
from app.s2s.vendors import vendor_of
from app.tool import Tool
from app.verbs import Problem, Render, Verb
from app.verbs.explain import Expect
from app.verbs.hooks import HookRef, TextAuth
from app.verbs.part import Free, Many, Of, Part
from app.verbs.render import Static

BEGINNING = 4000
"""Letters of a long prompt that stand where the vendor reads it for the first response too."""
Milliseconds = Annotated[int, Field(ge=1), Expect("a whole number, 1 or more")]


class SpeechToSpeech(Verb):
    """A model that hears and speaks by itself, such as OpenAI Realtime or Gemini Live.

    Attributes:
        model: The vendor's id.
        auth: Credentials, by the vendor's names.
        connect_options: Where and how to connect, by the vendor's names.
        llm_options: What the session begins with, as the vendor reads it.
        instructions: The prompt, put where the vendor reads it; may hold ``{{from}}`` and such.
        tools: Functions decorated with ``@tool``, or definitions as JSON.
        mcp_servers: Servers whose tools jambonz calls by itself.
        action_hook: Answers when the conversation has ended, with an ``AgentEnded``.
        event_hook: A name of one's own for events; without it and ``event_hooks``, none are sent.
        event_hooks: Functions decorated with ``@event_hook``, which receive an ``LlmEvent``; an
            empty list has events sent that no function here hears, for records and watchers.
        tool_hook: A name of one's own for tool calls, answered with ``@application.on(name)``.
        handoff: Gives the model a tool that transfers the caller to a person.
        hangup: Gives the model a tool that ends the call: True, or ``{"reason": …}``.
        events: Which of the vendor's events: names, ``all``, ``prefix.*``, ``-name``.
        response_timeout_ms: After this a response counts as stalled.
        cancel_on_response_timeout: Cancel the stalled response.
        cancel_on_barge_in: Cancel the response when the caller speaks.
        variables: One's own values for ``{{…}}``.
    """

    unwritten: ClassVar[frozenset[str]] = frozenset(
        {"instructions", "tools", "llm_options", "tool_hook", "event_hook", "event_hooks"}
        | {"variables"}
    )
    # What the verb itself needs, beside what its vendor does.
    needs: ClassVar[tuple[str, ...]] = ()

    model: str | None = None
    auth: TextAuth | None = None
    connect_options: Free | None = None
    llm_options: Free | None = None
    instructions: str | None = None
    tools: Many[ToolItem] | None = None
    mcp_servers: Servers | None = None
    action_hook: HookRef | None = None
    event_hook: HookRef | None = None
    event_hooks: Many[Hook[..., Any]] | None = None
    tool_hook: HookRef | None = None
    handoff: Of[Handoff] | None = None
    hangup: Hangup = None
    events: Many[str] | None = None
    response_timeout_ms: Milliseconds | None = None
    cancel_on_response_timeout: bool | None = None
    cancel_on_barge_in: bool | None = None
    variables: Free | None = None

    @property
    def vendor_name(self) -> str:
        """The vendor, by its option or by the verb's name."""
        return getattr(self, "vendor", None) or self.verb.removesuffix("_s2s")

    @cached_property
    def vendor_row(self) -> Vendor:
        """What is known of the vendor."""
        return vendor_of(self.vendor_name)

    @property
    def tool_items(self) -> tuple[ToolItem, ...]:
        """The tools."""
        return tuple(self.tools or ())

    @property
    def llm_label(self) -> str:
        """``vendor:model`` as far as it is set, for logs."""
        return ":".join(filter(None, (self.vendor_name, self.model)))

    def check(self) -> Iterable[Problem]:
        """What is wrong in how the options go together."""
        yield from super().check()
        yield from find_problems(self)

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What jambonz or the vendor will ignore, or may not know."""
        return tuple(find_warnings(self))

    @cached_property
    def template(self) -> Template | None:
        """The instructions, where they hold variables."""
        return compile_template(self.instructions or "")

    @cached_property
    def static(self) -> Static:
        """What is the same in every call: the properties, the prompt as a template."""
        render = Render()
        return Static(self.write(render), render.hooks, frozenset(render.names), render.roles)

    @cached_property
    def about(self) -> RenderedAgent:
        """What a session needs to know, as far as it is the same in every call."""
        wire = self.static.wire
        options = wire.get("llmOptions", {})
        tool_hook = hook_name(wire.get("toolHook"))
        prompt = look(options, self.vendor_row.instructions or ("",))
        heard = [*(self.event_hooks or ())]
        if isinstance(self.event_hook, Hook):
            heard.append(self.event_hook)
        return RenderedAgent(
            agent=self,
            instructions=self.instructions or (prompt if isinstance(prompt, str) else ""),
            tools={item.name: item for item in self.tool_items if isinstance(item, Tool)},
            tool_hook=tool_hook,
            event_hook=hook_name(wire.get("eventHook")),
            action_hook=hook_name(wire.get("actionHook")),
            event_hooks=tuple(heard),
            raw_tools=tuple(
                tool_name(item) for item in self.tool_items if not isinstance(item, Tool)
            ),
            has_greeting=True,
            dialect=VendorDialect(self.vendor_row, options, tool_hook is not None),
        )

    def write_options(self, instructions: str | None) -> Wire | None:
        """``llmOptions`` with the prompt and the tools where the vendor reads them.

        Raises:
            VerbError: Something stands in the way.
        """
        row, options = self.vendor_row, self.llm_options
        if instructions is not None and row.instructions is not None:
            options = put(options or {}, row.instructions, row.write_instructions(instructions))
            for path in row.also:
                if look(options, path) is None:
                    beginning = beginning_of(instructions)
                    options = put(options, path, row.write_instructions(beginning))
        if self.tools and row.tools is not None:
            tools = row.write_tools([tool_wire(item) for item in self.tools])
            options = put(options or {}, row.tools, tools)
        return options

    def write(self, render: Render) -> Wire:
        """The properties, the prompt as a template."""
        wire = Part.to_wire(self, render)
        options = self.write_options(self.instructions)
        tool_hook = write_tool_hook(self, render, TOOLS if self.tools else None)
        is_heard = self.event_hooks is not None
        event_hook = write_event_hook(self, render, EVENTS if is_heard else None)
        last = (("llmOptions", options), ("toolHook", tool_hook), ("eventHook", event_hook))
        return wire | {key: value for key, value in last if value is not None}

    def to_wire(self, render: Render) -> Wire:
        """The properties for one call; what a session needs to know goes to ``render.agents``."""
        render.include(self.static)
        wire, about = dict(self.static.wire), self.about
        if self.template is not None:
            text = self.template.fill(render.values, self.variables or {})
            wire["llmOptions"] = self.write_options(text)
            about = replace(about, instructions=text)
        render.agents.append(about)
        return wire

    def render_verb(self, render: Render) -> Wire:
        """The instruction for one call."""
        return self.to_verb(render)


def beginning_of(instructions: str) -> str:
    """As much of a prompt as the first response needs: all of it twice would fill the frame."""
    if len(instructions) <= BEGINNING:
        return instructions
    head = instructions[:BEGINNING]
    cut = max(head.rfind("\n"), head.rfind(" "), BEGINNING // 2)
    return head[:cut].rstrip()


class LlmVerb(SpeechToSpeech):
    """A speech-to-speech model of any vendor."""

    verb: ClassVar[str] = "llm"
    needs: ClassVar[tuple[str, ...]] = ("llm_options",)

    vendor: str


class S2s(SpeechToSpeech):
    """A speech-to-speech model of any vendor; another name of the llm verb."""

    verb: ClassVar[str] = "s2s"
    needs: ClassVar[tuple[str, ...]] = ("llm_options",)

    vendor: str


class OpenaiS2s(SpeechToSpeech):
    """OpenAI Realtime."""

    verb: ClassVar[str] = "openai_s2s"

    vendor: Literal["openai"] | None = None


class GoogleS2s(SpeechToSpeech):
    """Gemini Live."""

    verb: ClassVar[str] = "google_s2s"

    vendor: Literal["google"] | None = None


class ElevenlabsS2s(SpeechToSpeech):
    """An agent kept at ElevenLabs; its tools are declared there."""

    verb: ClassVar[str] = "elevenlabs_s2s"

    vendor: Literal["elevenlabs"] | None = None


class DeepgramS2s(SpeechToSpeech):
    """Deepgram's voice agent."""

    verb: ClassVar[str] = "deepgram_s2s"

    vendor: Literal["deepgram"] | None = None


class UltravoxS2s(SpeechToSpeech):
    """Ultravox."""

    verb: ClassVar[str] = "ultravox_s2s"

    vendor: Literal["ultravox"] | None = None


class QwenS2s(SpeechToSpeech):
    """Qwen Omni-Realtime."""

    verb: ClassVar[str] = "qwen_s2s"

    vendor: Literal["qwen"] | None = None


class GptliveS2s(SpeechToSpeech):
    """OpenAI's GPT Live; tools need a ``responses`` delegation with a model."""

    verb: ClassVar[str] = "gptlive_s2s"

    vendor: Literal["gptlive"] | None = None


class VoiceliveS2s(SpeechToSpeech):
    """Azure Voice Live."""

    verb: ClassVar[str] = "voicelive_s2s"

    vendor: Literal["voicelive"] | None = None


class NovaS2s(SpeechToSpeech):
    """Amazon Nova Sonic."""

    verb: ClassVar[str] = "nova_s2s"

    vendor: Literal["nova"] | None = None


llm_ = LlmVerb
s2s = S2s
openai_s2s = OpenaiS2s
google_s2s = GoogleS2s
elevenlabs_s2s = ElevenlabsS2s
deepgram_s2s = DeepgramS2s
ultravox_s2s = UltravoxS2s
qwen_s2s = QwenS2s
gptlive_s2s = GptliveS2s
voicelive_s2s = VoiceliveS2s
nova_s2s = NovaS2s
