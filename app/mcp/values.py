"""What a server offers and gives, as plain values."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")
LONGEST_NAME = 64
NO_ARGUMENTS: Mapping[str, Any] = {"type": "object", "properties": {}}


@dataclass(frozen=True, slots=True)
class McpTool:
    """A tool of a server.

    Attributes:
        name: For the model: 1 to 64 of ``a-z A-Z 0-9 _ -``.
        description: What it is for.
        schema: JSON Schema of its arguments.
        remote: Its name at the server.
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    remote: str


@dataclass(frozen=True, slots=True)
class McpResult:
    """What a tool gave.

    Attributes:
        value: A JSON value: the structured content where there is some, else the text.
        is_error: Whether the tool says that it failed; the value is its text then.
    """

    value: Any
    is_error: bool = False


def named(tools: Iterable[McpTool]) -> tuple[McpTool, ...]:
    """The same tools with names that every vendor's model takes, each its own."""
    found: dict[str, McpTool] = {}
    for tool in tools:
        name = free_name(tool.remote, found)
        found[name] = replace(tool, name=name)
    return tuple(found.values())


def free_name(name: str, taken: Mapping[str, object]) -> str:
    """A name made of the letters that are allowed, and a number where it is taken."""
    plain = NOT_IN_NAMES.sub("_", name)[:LONGEST_NAME] or "tool"
    number, candidate = 1, plain
    while candidate in taken:
        number += 1
        ending = f"_{number}"
        candidate = plain[: LONGEST_NAME - len(ending)] + ending
    return candidate
