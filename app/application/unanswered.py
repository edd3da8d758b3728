"""Hook and tool names that nothing answers: found at start where possible, with what to paste."""

import json
from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any

from app.agent import Rendered, render
from app.application.application import Application
from app.protocol import EVENT_TYPES, ConfigurationError, OtherEvent
from app.verbs import Verb

TOOL_MESSAGES = ("agent:tool-call", "llm:tool-call")


class UnansweredHook(ConfigurationError):
    """A verb names a hook or a tool that nothing answers; the text holds the code to paste."""


def require_answers(application: Application[Any, Any], rendered: Rendered) -> None:
    """Check that whatever jambonz will call back for is answered.

    Raises:
        UnansweredHook: Naming the first that is not.
    """
    named = application.named
    for name in sorted(rendered.names - named.keys()):
        raise UnansweredHook(missing_hook(application, name))
    for agent in rendered.agents:
        if agent.raw_tools and not answers_tools(application, agent.tool_hook):
            raise UnansweredHook(missing_tool(application, agent.raw_tools[0]))


def answers_tools(application: Application[Any, Any], tool_hook: str | None) -> bool:
    """Whether the application has a handler by name for tool calls."""
    return any(name in application.named for name in (tool_hook, *TOOL_MESSAGES))


def check_values(module: ModuleType, applications: Sequence[Application[Any, Any]]) -> None:
    """Check the agents and verbs that a module holds as plain values, before any call comes.

    Raises:
        UnansweredHook: No application of the module (or, if it has none, of all) answers a name.
    """
    own = [one for one in vars(module).values() if isinstance(one, Application)] or applications
    for value in verbs_of(module):
        problems = list(failures(value, own))
        if own and len(problems) == len(own):
            raise problems[0]


def verbs_of(module: ModuleType) -> Iterator[object]:
    """The agents, verbs and lists of verbs among a module's values."""
    for value in vars(module).values():
        is_list = isinstance(value, list | tuple) and value
        if isinstance(value, Verb) or (is_list and all(isinstance(one, Verb) for one in value)):
            yield value


def failures(
    value: object, applications: Iterable[Application[Any, Any]]
) -> Iterator[UnansweredHook]:
    """Why each application that cannot answer a value cannot."""
    rendered = render(value)
    for application in applications:
        try:
            require_answers(application, rendered)
        except UnansweredHook as error:
            yield error


def missing_hook(application: Application[Any, Any], name: str) -> str:
    """What to paste for a hook that nothing answers."""
    return (
        f"nothing answers the hook {name!r}. Pass a function decorated with @action_hook or "
        "@event_hook instead of its name, or add:\n\n"
        f"@{identifier(application.name)}.on({json.dumps(name)})\n"
        f"async def {identifier(name)}(session: Session, data: dict[str, object]) -> list[Verb]:\n"
        "    ..."
    )


def missing_adulting(application: Application[Any, Any]) -> str:
    """What to paste for legs that become calls of their own."""
    return (
        "a dialed leg has become a call of its own, and nothing tells it what to do; add:\n\n"
        f"@{identifier(application.name)}.session_adulting\n"
        "async def drive(session: Session, leg: Adulting) -> list[Verb]:\n    ..."
    )


def missing_tool(application: Application[Any, Any], name: str) -> str:
    """What to paste for a tool that no function answers."""
    return (
        f"no function answers the tool {name!r}. Pass a function decorated with @tool in "
        f"tools=[…]:\n\n@tool\nasync def {identifier(name)}(...) -> dict[str, object]:\n"
        '    """What it does, for the model."""\n    ...\n\n'
        f'or set tool_hook="/tool-call" and answer @{identifier(application.name)}'
        '.on("/tool-call") with session.send_tool_output(tool_call_id, result)'
    )


def missing_event(kind: str) -> str:
    """What to paste for an agent event that nobody hears."""
    known = EVENT_TYPES.get(kind, OtherEvent).__name__
    return (
        f"nobody hears {kind!r}; if it is wanted, add to event_hooks=[…]:\n\n@event_hook\n"
        f"async def on_{identifier(kind)}(session: Session, event: {known}) -> None:\n    ..."
    )


def missing_message(application: Application[Any, Any], kind: str) -> str:
    """What to paste for a message type that is new to this release."""
    return f"a newer jambonz? handle it with @{identifier(application.name)}.on({json.dumps(kind)})"


def identifier(name: str) -> str:
    """A Python name made of a hook's name or a path."""
    text = "".join(letter if letter.isalnum() else "_" for letter in name).strip("_")
    return text if text and not text[0].isdigit() else f"hook_{text}".rstrip("_")
