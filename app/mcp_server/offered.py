"""The MCP server for jambonz: the tools that a call offers, run as any tool of the call."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

import orjson
from mcp import types
from mcp.server.lowlevel import Server

from app.mcp_server.control import tool_error
from app.session import Session
from app.tool import Tool, phrases

__all__ = ["OFFERED", "Offered", "make_offered"]

OFFERED: Final = "cordboard.offered"
"""Under this name the scope of a request holds what is offered there."""


@dataclass(frozen=True, slots=True)
class Offered:
    """Whose tools they are, and which."""

    session: Session[Any, Any]
    tools: Mapping[str, Tool[..., Any]]


def make_offered() -> Server[Any]:
    """The server, for all calls; each request brings what is offered."""
    return Server(
        "cordboard-tools",
        version=version("cordboard"),
        get_tool_input_schema=lambda _name: None,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def offered(context: Any) -> Offered:
    """What is offered where a request came to."""
    found: Offered = context.request.scope[OFFERED]
    return found


async def list_tools(context: Any, _params: object) -> types.ListToolsResult:
    """The tools, with the schemas that the model would see from the agent verb too."""
    return types.ListToolsResult(
        tools=[
            types.Tool(
                name=tool.name, description=tool.description, input_schema=dict(tool.parameters)
            )
            for tool in offered(context).tools.values()
        ]
    )


async def call_tool(context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
    """Run one in its call; what it says, and what is wrong with the arguments, is for the model."""
    found = offered(context)
    tool = found.tools.get(params.name)
    if tool is None:
        return tool_error(phrases.unknown_tool(params.name, found.tools))
    output, is_error = await found.session.call_mcp_tool(tool, params.arguments or {})
    value = orjson.loads(output)
    content = [types.TextContent(type="text", text=words_of(value, output))]
    structured = None if is_error else value
    return types.CallToolResult(
        content=[*content], structured_content=structured, is_error=is_error
    )


def words_of(value: Mapping[str, Any], output: bytes) -> str:
    """A text where the output is nothing else, and JSON where it is more."""
    if len(value) == 1:
        only = value.get("result", value.get("error"))
        if isinstance(only, str):
            return only
    return output.decode()
