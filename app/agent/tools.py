"""The tools of an agent: functions of ours, or definitions as JSON."""

import types
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import orjson
from pydantic import BeforeValidator

from app.protocol import BadUpdate, Wire, flat_tool
from app.tool import Tool, ToolSource
from app.verbs.errors import Problem, VerbError, refuse
from app.verbs.explain import Expect, show

ROOM = 12_288
"""Bytes for the tools of servers, whose number nobody here decides: half of what jambonz takes in
one message. The rest of the agent must fit beside them."""
SHOWN = 12


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
    """The tools as of now: a source stands for what it has, as far as names and room are free."""
    given = tuple(items)
    own = [item for item in given if not isinstance(item, ToolSource)]
    if len(own) == len(given):
        return tuple(own)
    names = {*taken, *(item.name if isinstance(item, Tool) else item.get("name") for item in own)}
    found: list[ToolItem] = []
    room = ROOM
    for item in given:
        if not isinstance(item, ToolSource):
            found.append(item)
            continue
        for tool in item.tools:
            size = len(orjson.dumps(tool.definition))
            if tool.name not in names and size <= room:
                room -= size
                names.add(tool.name)
                found.append(tool)
    return tuple(found)


def hidden(
    items: "Iterable[Offered]", shown: Iterable[ToolItem], reserved: Collection[str]
) -> Iterator[str]:
    """Which tools of sources are not among those shown, and why: a line for each source."""
    offered = {tool_name(item): item for item in shown}
    for item in items:
        if not isinstance(item, ToolSource):
            continue
        left = [tool.name for tool in item.tools if offered.get(tool.name) is not tool]
        if same := [name for name in left if name in offered or name in reserved]:
            yield f"tools: {item} is left without {listing(same)}: others have these names"
        if over := [name for name in left if name not in same]:
            text = (
                f"the tools of servers have {ROOM} bytes of the first message; choose with only=[…]"
            )
            yield f"tools: {item} is left without {listing(over)}: {text}"


def listing(names: Sequence[str]) -> str:
    """Some names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


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
