"""The tools of an agent: functions of ours, or definitions as JSON."""

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import BeforeValidator

from app.protocol import BadUpdate, Wire, flat_tool
from app.tool import Tool
from app.verbs.errors import Problem, VerbError, refuse
from app.verbs.explain import Expect, show


def read_tool(value: Any) -> Any:
    """A Tool as it is; a definition flat, also where it came wrapped as OpenAI does."""
    if isinstance(value, Tool):
        return value
    if isinstance(value, types.FunctionType | types.MethodType):
        raise refuse(f"{show(value)} is a plain function; decorate it with @tool")
    try:
        return dict(flat_tool(dict(value) if isinstance(value, Mapping) else value, ""))
    except BadUpdate as error:
        path = tuple(filter(None, error.field.split(".")))
        raise VerbError("", [Problem(error.message, path)]) from None


if TYPE_CHECKING:
    ToolItem: TypeAlias = Tool[..., Any] | Mapping[str, Any]
else:
    ToolItem = Annotated[
        Any, BeforeValidator(read_tool), Expect("an @tool function or {name, description, …}")
    ]


def tool_name(item: ToolItem) -> str:
    """What the model calls it."""
    return item.name if isinstance(item, Tool) else str(item["name"])


def tool_wire(item: ToolItem) -> Wire:
    """The flat definition that jambonz reads."""
    return dict(item.definition if isinstance(item, Tool) else item)


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
