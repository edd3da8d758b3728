"""What can be known of a handler before a call comes: hook names and prompts in its source.

A handler builds its verbs when a call comes, so a name that nothing answers would be found by the
first caller. The names and prompts that stand in its source as plain text are checked at start.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any

from app.agent import check_prompt
from app.application.application import Application
from app.application.handler import Handler
from app.application.unanswered import UnansweredHook, missing_hook
from app.protocol import ConfigurationError

EXTERNAL = ("http://", "https://")


def check_sources(application: Application[Any, Any]) -> None:
    """Check the handlers of an application.

    Raises:
        UnansweredHook: A verb names a hook that nothing answers.
        ConfigurationError: A prompt has a variable that does not exist.
    """
    for handler in (*application.handlers.values(), *application.named.values()):
        for node in calls_in(handler):
            for name in hook_names(node):
                if name not in application.named and not name.startswith(EXTERNAL):
                    raise UnansweredHook(f"{handler.name}: {missing_hook(application, name)}")
            check_instructions(node, handler)


def calls_in(handler: Handler) -> Iterator[ast.Call]:
    """The calls in a handler's source; none where it cannot be had."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(handler.function)))
    except (OSError, TypeError, SyntaxError):
        return
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def hook_names(node: ast.Call) -> Iterator[str]:
    """The hooks that a call names as plain text and that somebody must answer by name."""
    given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    if called(node) == "redirect":
        return  # it comes back as session:redirect
    for option, value in given.items():
        name = value.value if isinstance(value, ast.Constant) else None
        if option.endswith("_hook") and isinstance(name, str) and not is_answered(option, given):
            yield name


def is_answered(option: str, given: dict[str, ast.expr]) -> bool:
    """Whether functions answer, so that the name is only a label."""
    if option == "event_hook":
        return "event_hooks" in given
    if option != "tool_hook":
        return False
    tools = given.get("tools")
    has_json = isinstance(tools, ast.List) and any(isinstance(one, ast.Dict) for one in tools.elts)
    return tools is not None and not has_json


def check_instructions(node: ast.Call, handler: Handler) -> None:
    """Check the variables of a prompt that stands in the source."""
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    prompt = given.get("instructions")
    is_whole = None not in given and "variables" not in given
    if called(node) == "Agent" and is_whole and isinstance(prompt, ast.Constant):
        problem = check_prompt(prompt.value) if isinstance(prompt.value, str) else None
        if problem:
            raise ConfigurationError(f"{handler.name}: agent.instructions: {problem}")


def called(node: ast.Call) -> str:
    """The name of what is called."""
    function = node.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
