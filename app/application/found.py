"""Hooks and tools by names that another process finds them by, too.

A hook or a tool that is a function of a module is known by module and function; what several share,
and what has no function of its own, by the place where a module holds it. What is made inside a
handler has no such name.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

from app.hook import Hook, make_label
from app.tool import Tool, ToolOptions, ToolSource
from app.verbs import Verb

if TYPE_CHECKING:
    from app.application.application import Application

Reference = str | list[Any]
"""How a tool is found again: a name, or one with the options that its own differ in."""

OPTIONS = tuple(ToolOptions.__annotations__)


@dataclass(frozen=True, slots=True)
class Found:
    """What the modules of a folder hold.

    Attributes:
        hooks: Hooks by label; those that share one are left out.
        tools: Tools by the name of their function, where only one has it, and by place.
        sources: Sources of tools by place.
    """

    hooks: Mapping[str, Hook[..., Any]] = field(default_factory=dict)
    tools: Mapping[str, Tool[..., Any]] = field(default_factory=dict)
    sources: Mapping[str, ToolSource] = field(default_factory=dict)


def collect(modules: Sequence[ModuleType]) -> Found:
    """Look through the values of modules, also inside lists, agents and other verbs."""
    places = {
        place: value
        for module in modules
        for name, one in vars(module).items()
        for place, value in look_into(f"{module.__name__}:{name}", one)
    }
    tools = {place: one for place, one in places.items() if isinstance(one, Tool)}
    return Found(
        hooks=unique((one.label, one) for one in places.values() if isinstance(one, Hook)),
        tools=tools | unique((label_of(one), one) for one in tools.values()),
        sources={place: one for place, one in places.items() if isinstance(one, ToolSource)},
    )


def look_into(place: str, value: object) -> Iterator[tuple[str, Any]]:
    """A value of a module and what is in it, as far as it is of use here."""
    if isinstance(value, Hook | Tool | ToolSource):
        yield place, value
    elif isinstance(value, Verb):
        for option in ("tools", "event_hooks", "action_hook"):
            yield from look_into(f"{place}.{option}", getattr(value, option, None))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from look_into(f"{place}[{index}]", inner)


def unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """By name, without the names that several functions share."""
    by_name: dict[str, dict[int, Any]] = {}
    for name, value in pairs:
        by_name.setdefault(name, {}).setdefault(id(value.function), value)
    return {
        name: next(iter(found.values()))
        for name, found in by_name.items()
        if name and len(found) == 1
    }


def label_of(tool: Tool[..., Any]) -> str:
    """The name of a tool's function, such as ``/hooks.weather.get_weather``; empty without one."""
    function = tool.function
    is_named = hasattr(function, "__module__") and hasattr(function, "__qualname__")
    return make_label(function, None) if is_named else ""


def find_hook(application: "Application[Any, Any]", label: str) -> Hook[..., Any] | None:
    """The hook of this label, in the author's folder or else in any module that is loaded."""
    return application.found.hooks.get(label) or loaded(label, Hook)


def find_tool(application: "Application[Any, Any]", name: str) -> Tool[..., Any] | None:
    """The tool of this name, likewise."""
    return application.found.tools.get(name) or loaded(name, Tool)


def loaded(label: str, kind: type) -> Any:
    """What stands in a loaded module under the name that a label was made of."""
    parts = label.removeprefix("/").split(".")
    for end in range(len(parts) - 1, 0, -1):
        module = sys.modules.get(".".join(parts[:end]))
        if module is not None:
            found: Any = module
            for part in parts[end:]:
                found = getattr(found, part, None)
            return found if isinstance(found, kind) else None
    return None


def refer_to_tool(application: "Application[Any, Any]", tool: Tool[..., Any]) -> Reference | None:
    """How this tool is found again; None where it cannot be."""
    label = label_of(tool)
    base = find_tool(application, label) if label else None
    if base is not None and base.function is tool.function:
        own = {name: getattr(tool, name) for name in OPTIONS}
        changed = {name: own[name] for name in OPTIONS if own[name] != getattr(base, name)}
        return [label, changed] if changed else label
    return next((key for key, one in application.found.tools.items() if one is tool), None)


def recall_tool(
    application: "Application[Any, Any]", reference: Reference
) -> Tool[..., Any] | None:
    """The tool that was referred to so; None where there is none any more.

    Raises:
        TypeError, ValueError: The reference is none.
    """
    if isinstance(reference, str):
        return find_tool(application, reference)
    name, options = reference
    base = find_tool(application, name)
    return None if base is None else base.with_options(**options)


def refer_to_source(application: "Application[Any, Any]", source: ToolSource) -> str | None:
    """Where this source stands; None where no module holds it."""
    sources = application.found.sources
    return next((place for place, one in sources.items() if one is source), None)
