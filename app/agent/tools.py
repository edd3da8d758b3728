"""The tools of an agent: functions of ours, or definitions as JSON."""

import types
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import BeforeValidator

from app.protocol import BadUpdate, Wire, flat_tool
from app.tool import Tool, ToolSource
from app.verbs.errors import Problem, VerbError, refuse
from app.verbs.explain import Expect, show


def read_tool(value: Any) -> Any:
    """A Tool as it is; a definition flat, also where it came wrapped as OpenAI does."""
    if isinstance(value, Tool):
        return value
    if isinstance(value, ToolSource):
        raise refuse(f"{show(value)} is for the tools of an Agent, not for these")
    if isinstance(value, types.FunctionType | types.MethodType):
        raise refuse(f"{show(value)} is a plain function; decorate it with @tool")
    try:
        return dict(flat_tool(dict(value) if isinstance(value, Mapping) else value, ""))
    except BadUpdate as error:
        path = tuple(filter(None, error.field.split(".")))
        raise VerbError("", [Problem(error.message, path)]) from None


def read_offered(value: Any) -> Any:
    """The same, or a source of tools as it is."""
    return value if isinstance(value, ToolSource) else read_tool(value)


def listed(value: Any) -> Any:
    """A source of tools that stands alone, as a list."""
    return [value] if isinstance(value, ToolSource) else value


if TYPE_CHECKING:
    ToolItem: TypeAlias = Tool[..., Any] | Mapping[str, Any]
    Offered: TypeAlias = ToolItem | ToolSource
    Tools: TypeAlias = Sequence[Offered] | ToolSource
else:
    ToolItem = Annotated[
        Any, BeforeValidator(read_tool), Expect("an @tool function or {name, description, …}")
    ]
    Offered = Annotated[
        Any,
        BeforeValidator(read_offered),
        Expect("an @tool function, mcp_tools(…) or {name, description, …}"),
    ]
    Tools = Annotated[list[Offered], BeforeValidator(listed)]


def tool_name(item: ToolItem) -> str:
    """What the model calls it."""
    return item.name if isinstance(item, Tool) else str(item["name"])


def tool_wire(item: ToolItem) -> Wire:
    """The flat definition that jambonz reads."""
    return dict(item.definition if isinstance(item, Tool) else item)


def present(items: "Iterable[Offered]", taken: Collection[str] = ()) -> tuple[ToolItem, ...]:
    """The tools as of now: a source stands for what it has, except what has a name already."""
    given = tuple(items)
    own = [item for item in given if not isinstance(item, ToolSource)]
    if len(own) == len(given):
        return tuple(own)
    names = {*taken, *(item.name if isinstance(item, Tool) else item.get("name") for item in own)}
    found: list[ToolItem] = []
    for item in given:
        if not isinstance(item, ToolSource):
            found.append(item)
            continue
        new = [tool for tool in item.tools if tool.name not in names]
        names.update(tool.name for tool in new)
        found += new
    return tuple(found)


def hidden(items: "Iterable[Offered]", shown: Iterable[ToolItem]) -> Iterator[str]:
    """Which tools of sources are not among those shown, and why."""
    offered = {id(item) for item in shown}
    for item in items:
        for tool in item.tools if isinstance(item, ToolSource) else ():
            if id(tool) not in offered:
                yield f"tools: {tool.name!r} of {item} is left out: another tool has this name"


def check_names(items: Sequence[ToolItem], reserved: Mapping[str, str]) -> Iterator[Problem]:
    """Names that are there twice, or that jambonz gives to a tool of its own."""
    seen: set[str] = set()
    for index, name in enumerate(map(tool_name, items)):
        if name in seen:
            yield Problem(f"there are two tools named {name!r}; rename one", (index,))
        if name in reserved:
            text = f"{name!r} is the tool that {reserved[name]}=… adds; rename yours"
            yield Problem(text, (index,))
        seen.add(name)
