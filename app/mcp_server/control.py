"""The MCP server for assistants: the catalog's tools, and the docs as resources."""

import time
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import orjson
import structlog
from mcp import types
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from app.keys import PRINCIPAL
from app.logs import Event
from app.mcp_server.asgi import REFUSAL, REQUEST
from app.mcp_server.catalog import CATALOG
from app.mcp_server.offer import Asked, Offer
from app.mcp_server.pages import find_page, read_pages
from app.rest import Problem, acting, ids_of, require

__all__ = ["make_control", "tool_error", "tool_result"]

INSTRUCTIONS = (
    "Cordboard answers telephone calls with AI voice agents, through jambonz. `list_calls` shows "
    "the calls that go on; `follow_call` tells what is said in one; `update_instructions`, "
    "`inject_context`, `update_tools` and `generate_reply` steer its agent while it talks to a "
    "real person. `start_twin_call` tries an application out without a telephone. `search_docs` "
    "finds how something is done."
)
MISTAKE = "The server made a mistake; its log says more."

log = structlog.get_logger()


def make_control() -> Server[Any]:
    """The server, with nothing of any call in it."""
    schemas = {name: offer.input_schema for name, offer in CATALOG.items()}
    return Server(
        "cordboard",
        version=version("cordboard"),
        title="Cordboard",
        instructions=INSTRUCTIONS,
        get_tool_input_schema=schemas.get,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
    )


async def list_tools(_context: object, _params: object) -> types.ListToolsResult:
    """All tools; they are few."""
    return types.ListToolsResult(tools=[describe(offer) for offer in CATALOG.values()])


def describe(offer: Offer) -> types.Tool:
    """A tool as the protocol has it."""
    return types.Tool(
        name=offer.name,
        title=offer.title,
        description=offer.description,
        input_schema=offer.input_schema,
        output_schema=offer.output_schema,
        annotations=types.ToolAnnotations(
            read_only_hint=not offer.changes,
            destructive_hint=offer.destroys,
            idempotent_hint=not offer.changes,
            open_world_hint=offer.changes,
        ),
    )


async def call_tool(context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
    """Run a tool; whatever goes wrong is told in words."""
    offer = CATALOG.get(params.name)
    if offer is None:
        return tool_error(
            f"There is no tool {params.name[:100]!r}; there are {', '.join(CATALOG)}."
        )

    if (refusal := context.request.scope[REFUSAL]) is not None:
        return tool_error(in_words(refusal))

    async def tell(how_far: float, text: str) -> None:
        await context.session.report_progress(how_far, None, text)

    asked, arguments = Asked(context.request.scope[REQUEST], tell), params.arguments or {}
    with structlog.contextvars.bound_contextvars(
        **ids_of(asked.request, arguments.get("call_sid"))
    ):
        return await run(offer, asked, arguments)


async def run(offer: Offer, asked: Asked, arguments: dict[str, Any]) -> types.CallToolResult:
    """The same, once it is known what is asked for; a line of the log tells of it."""
    begun, outcome = time.perf_counter(), "ok"
    try:
        require(asked.request[PRINCIPAL], offer.needs)
        with acting(asked.request):
            return tool_result(await offer.run(asked, arguments))
    except Problem as problem:
        outcome = "refused"
        return tool_error(in_words(problem))
    except Exception as error:  # the boundary: nothing of ours may reach the client
        outcome = "failed"
        log.exception(Event.MCP_FAILED, tool=offer.name, exc_info=error)
        return tool_error(MISTAKE)
    finally:
        milliseconds = round((time.perf_counter() - begun) * 1000, 1)
        log.info(Event.MCP_CALLED, tool=offer.name, outcome=outcome, milliseconds=milliseconds)


def tool_result(value: Mapping[str, Any]) -> types.CallToolResult:
    """What a tool gave, for programs and as text for models."""
    text = orjson.dumps(value, default=str).decode()
    content = [types.TextContent(type="text", text=text)]
    return types.CallToolResult(content=[*content], structured_content=dict(value))


def tool_error(text: str) -> types.CallToolResult:
    """What went wrong, for the model to read."""
    content = [types.TextContent(type="text", text=text)]
    return types.CallToolResult(content=[*content], is_error=True)


def in_words(problem: Problem) -> str:
    """A problem with each part that is wrong."""
    text, errors = problem.document.detail, problem.document.errors or ()
    lines = [f"- {one.field}: {one.message}" for one in errors if one.message not in text]
    return "\n".join([text, *lines])


async def list_resources(_context: object, _params: object) -> types.ListResourcesResult:
    """The pages of the documentation."""
    return types.ListResourcesResult(
        resources=[
            types.Resource(
                name=page.name, title=page.title, uri=page.uri, mime_type="text/markdown"
            )
            for page in read_pages().values()
        ]
    )


async def read_resource(
    _context: object, params: types.ReadResourceRequestParams
) -> types.ReadResourceResult:
    """One page."""
    try:
        page = find_page(str(params.uri))
    except Problem as problem:
        raise MCPError(types.INVALID_PARAMS, problem.document.detail) from None
    return types.ReadResourceResult(
        contents=[
            types.TextResourceContents(uri=page.uri, mime_type="text/markdown", text=page.text)
        ]
    )
