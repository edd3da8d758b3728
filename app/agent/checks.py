"""How the options of an agent go together."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from app.agent.llm import NO_LLM, Llm
from app.agent.options import Handoff
from app.agent.templates import GROUPS, SCALARS, VARIABLE, check_variable
from app.agent.tools import ToolItem, check_names
from app.hook import Hook
from app.verbs.errors import Path, Problem

if TYPE_CHECKING:
    from app.agent.agent import Agent

# Option of the agent, and where the same may stand in a full ``llm`` object.
IN_LLM_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "instructions": ("system_prompt",),
    "messages": ("messages", "initial_messages"),
    "max_tokens": ("max_tokens",),
    "temperature": ("temperature",),
    "reasoning_effort": ("reasoning_effort",),
    "tools": ("tools",),
}
OPTIONS_PATH: Path = ("llm", "llm_options")


class WithHooks(Protocol):
    """What an agent and a speech-to-speech verb have in common."""

    @property
    def model_fields_set(self) -> set[str]:
        """Names of the options that the author set."""

    @property
    def tool_items(self) -> tuple[ToolItem, ...]:
        """The tools."""

    @property
    def tool_hook(self) -> Any:
        """A name for tool calls."""

    @property
    def event_hook(self) -> Any:
        """A name for events."""

    @property
    def event_hooks(self) -> Sequence[Hook[..., Any]] | None:
        """Functions that hear events."""

    @property
    def handoff(self) -> Any:
        """The tool that transfers."""

    @property
    def hangup(self) -> Any:
        """The tool that ends the call."""

    @property
    def variables(self) -> Mapping[str, Any] | None:
        """The author's own values for prompts."""


def find_problems(agent: "Agent") -> Iterator[Problem]:
    """All that is wrong in how an agent's options go together."""
    yield from check_twice(agent)
    yield from check_prompts(agent)
    yield from check_variables(agent)
    yield from check_tools(agent)
    yield from check_hooks(agent)


def check_twice(agent: "Agent") -> Iterator[Problem]:
    """The same thing said beside ``llm`` and inside it."""
    for option, others in IN_LLM_OPTIONS.items():
        for other in others:
            inner = getattr(agent.llm_options, other)
            if inner is not None and getattr(agent, option) is not None:
                text = f"is given twice, here and as llm.llm_options.{other}; keep one"
                yield Problem(text, (option,))


def prompts_of(agent: "Agent") -> Iterator[tuple[Path, str]]:
    """Every text that the model begins with, and where it stands; the system prompts."""
    if agent.instructions is not None:
        yield ("instructions",), agent.instructions
    if agent.llm_options.system_prompt is not None:
        yield (*OPTIONS_PATH, "system_prompt"), agent.llm_options.system_prompt


def messages_of(agent: "Agent") -> Iterator[tuple[Path, str, object]]:
    """Every message of the history: where it stands, its role, its content."""
    places: tuple[tuple[Path, object], ...] = (
        (("messages",), agent.messages),
        ((*OPTIONS_PATH, "messages"), agent.llm_options.messages),
        ((*OPTIONS_PATH, "initial_messages"), agent.llm_options.initial_messages),
    )
    for path, messages in places:
        for index, message in enumerate(messages if isinstance(messages, list) else ()):
            yield (*path, index), message["role"], message["content"]


def check_prompts(agent: "Agent") -> Iterator[Problem]:
    """One system prompt, and only variables that exist."""
    prompts = list(prompts_of(agent))
    systems = [path for path, role, _ in messages_of(agent) if role == "system"]
    if prompts and systems:
        yield Problem("a system message beside instructions; keep one of them", systems[0])
    texts = [*prompts, *((path, text) for path, _, text in messages_of(agent))]
    yield from check_texts(texts, agent.variables or {})


def check_texts(
    texts: Iterable[tuple[Path, object]], own: Mapping[str, object]
) -> Iterator[Problem]:
    """Only variables that exist."""
    for path, text in texts:
        for name in dict.fromkeys(VARIABLE.findall(text) if isinstance(text, str) else ()):
            problem = check_variable(name, own)
            if problem is not None:
                yield problem.below(path)


def check_variables(agent: WithHooks) -> Iterator[Problem]:
    """The author's own variables have names of their own."""
    taken = {*SCALARS, *(group.partition(".")[0] for group in GROUPS)}
    for name in agent.variables or {}:
        if name in taken:
            yield Problem(f"{name!r} is data of the call; choose another name", ("variables",))
        elif not re.fullmatch(r"[A-Za-z_]\w*", name):
            text = f"{name!r} cannot be a variable; use letters, digits and underscores"
            yield Problem(text, ("variables",))


def check_tools(agent: "Agent") -> Iterator[Problem]:
    """Every tool has a name of its own."""
    path: Path = ("tools",) if agent.tools is not None else (*OPTIONS_PATH, "tools")
    for problem in check_names(agent.tool_items, reserved_names(agent)):
        yield problem.below(path)


def reserved_names(agent: WithHooks) -> dict[str, str]:
    """Names of the tools that jambonz adds, and the option that makes it do so."""
    reserved: dict[str, str] = {}
    if isinstance(agent.handoff, Handoff):
        reserved[agent.handoff.tool_name or "transfer_to_human"] = "handoff"
    if agent.hangup is not None:
        reserved["hangup"] = "hangup"
    return reserved


def check_hooks(agent: WithHooks) -> Iterator[Problem]:
    """Hooks stand where jambonz calls their kind."""
    if isinstance(agent.tool_hook, Hook):
        text = "takes a name; what answers tool calls are @tool functions in tools=[…]"
        yield Problem(text, ("tool_hook",), "tools")
    is_toolless = "tool_hook" in agent.model_fields_set and agent.tool_hook is None
    if agent.tool_items and is_toolless:
        yield Problem(
            "tool_hook=None turns tool calls off, so these could never be called", ("tools",)
        )
    if isinstance(agent.event_hook, Hook) and agent.event_hook.kind != "event":
        text = f"{agent.event_hook.name} is an action hook; decorate it with @event_hook"
        yield Problem(text, ("event_hook",))
    for index, hook in enumerate(agent.event_hooks or ()):
        if hook.kind != "event":
            text = f"{hook.name} is an action hook; decorate it with @event_hook"
            yield Problem(text, ("event_hooks", index), "action_hook")
    is_silenced = "event_hook" in agent.model_fields_set and agent.event_hook is None
    if agent.event_hooks and is_silenced:
        text = "event_hook=None turns events off, so these would never run"
        yield Problem(text, ("event_hooks",), "event_hook")


def llm_of(agent: "Agent") -> Llm:
    """The language model; without vendor and model where none is set."""
    return agent.llm if isinstance(agent.llm, Llm) else NO_LLM
