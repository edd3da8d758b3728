"""``/api/tools``: the HTTP tools of an organisation."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from aiohttp import web

from app.builtin_tools.http import HttpTool, ask, build_http_tool, plan_of
from app.builtin_tools.http.kept import definition_of
from app.builtin_tools.http.url import PLACE, read_url
from app.keys import OUTWARD, VAULT
from app.outward import OutwardError, check_url
from app.rest.api.conditional import (
    NOT_MODIFIED,
    Expected,
    Known,
    changed_meanwhile,
    digest,
    fresh,
    tagged,
)
from app.rest.api.tool_models import (
    HIDDEN,
    ToolPath,
    ToolShown,
    Trial,
    TrialShown,
    show_tool,
    show_trial,
)
from app.rest.operation import Answer, Reply, operation
from app.rest.problems import Problem, invalid
from app.rest.tenant import tenant_of
from app.store.tools import NameTaken, StoredTool, ToolCondition, ToolMoved
from app.tool import ToolArgumentError
from app.vault import Vault

__all__ = ["OPERATIONS"]

READ: Final = "agents:read"
WRITE: Final = "agents:write"
ROUTE: Final = "/api/tools"
ONE: Final = "/api/tools/{tool_id}"
NO_TOOL: Final = {404: "No such tool."}
TAKEN: Final = {409: "The organisation has another tool of this name."}
MOVED: Final = {412: "It is not as `If-Match` has it; `ETag` tells how it is."}


@operation(
    "GET",
    ROUTE,
    needs=READ,
    answers={200: Answer("All of them, by name.", list[ToolShown]), 304: Answer(NOT_MODIFIED)},
)
async def list_tools(request: web.Request, headers: Known) -> Reply | web.Response:
    """List the HTTP tools that agents may have."""
    tools = await tenant_of(request).tools.list()
    return fresh(headers, [show_tool(one) for one in tools], digest([one.tag for one in tools]))


@operation(
    "POST",
    ROUTE,
    needs=WRITE,
    answers={201: Answer("Made; `Location` leads to it.", ToolShown)},
    problems=TAKEN,
)
async def create_tool(request: web.Request, body: HttpTool) -> Reply:
    """Define a tool: a request over HTTP that agents can make."""
    data, secrets = prepare(request, body)
    with refusing(body):
        tool = await tenant_of(request).tools.create(name=body.name, data=data, secrets=secrets)
    return Reply(show_tool(tool), tagged(tool.tag) | {"Location": f"{ROUTE}/{tool.id}"}, 201)


@operation(
    "GET",
    ONE,
    needs=READ,
    answers={200: Answer("The tool.", ToolShown), 304: Answer(NOT_MODIFIED)},
    problems=NO_TOOL,
)
async def get_tool(request: web.Request, path: ToolPath, headers: Known) -> Reply | web.Response:
    """Show a tool."""
    tool = await find_tool(request, path.tool_id)
    return fresh(headers, show_tool(tool), tool.tag)


@operation(
    "PUT",
    ONE,
    needs=WRITE,
    answers={200: Answer("As it is now.", ToolShown)},
    problems=NO_TOOL | TAKEN | MOVED,
)
async def replace_tool(
    request: web.Request, path: ToolPath, headers: Expected, body: HttpTool
) -> Reply:
    """Replace a tool, from the next call on.

    A secret may come back as the `***` that was shown in its place: it stays as it was, as long as
    it would be sent to the same server.
    """
    former = await find_tool(request, path.tool_id)
    data, secrets = prepare(request, body, former)
    with refusing(body):
        tool = await tenant_of(request).tools.replace(
            path.tool_id, name=body.name, data=data, secrets=secrets, only_if=expected(headers)
        )
    if tool is None:
        raise no_tool(path.tool_id)
    return Reply(show_tool(tool), tagged(tool.tag))


@operation(
    "DELETE",
    ONE,
    needs=WRITE,
    answers={204: Answer("It is gone; agents that name it go without it.")},
    problems=NO_TOOL | MOVED,
)
async def delete_tool(request: web.Request, path: ToolPath, headers: Expected) -> web.Response:
    """Delete a tool."""
    with refusing():
        was_there = await tenant_of(request).tools.delete(path.tool_id, only_if=expected(headers))
    if not was_there:
        raise no_tool(path.tool_id)
    return web.Response(status=204)


@operation(
    "POST",
    "/api/tools/{tool_id}/try",
    needs=WRITE,
    answers={200: Answer("What came of it.", TrialShown)},
    problems=NO_TOOL,
)
async def try_tool(request: web.Request, path: ToolPath, body: Trial) -> TrialShown:
    """Call a tool as a model would: the request is made, and what the model would get is shown."""
    definition = definition_of(await find_tool(request, path.tool_id), request.app[VAULT])
    outward = request.app[OUTWARD]
    (tool,) = build_http_tool(definition, outward).tools
    values = {f"call.{name}": value for name, value in body.call.items()}
    began = time.perf_counter()
    try:
        arguments = tool.validate(body.arguments)
        outcome = await ask(plan_of(definition), outward, arguments, values)
    except ToolArgumentError as error:
        told = [("arguments", problem) for problem in error.problems]
        raise invalid(f"arguments: {'; '.join(error.problems)}.", told) from None
    return show_trial(outcome, time.perf_counter() - began)


async def find_tool(request: web.Request, tool_id: str) -> StoredTool:
    """A tool of the organisation of whoever asks.

    Raises:
        Problem: 404.
    """
    tool = await tenant_of(request).tools.get(tool_id)
    if tool is None:
        raise no_tool(tool_id)
    return tool


def no_tool(tool_id: str) -> Problem:
    """There is no such tool."""
    return Problem(404, f"There is no tool {tool_id!r}.", kind="no-such-tool", title="No such tool")


def expected(headers: Expected) -> ToolCondition:
    """That a tool is as the client believes."""
    return lambda tool: headers.allows(tool.tag)


def prepare(
    request: web.Request, body: HttpTool, former: StoredTool | None = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """What is stored: the definition, and its secrets, sealed.

    Raises:
        Problem: 422, where it may not be asked, or no secret is kept that ``***`` could stand for.
    """
    try:
        check_url(PLACE.sub("x", body.url), request.app[OUTWARD].allowed)
    except OutwardError as error:
        raise invalid(f"url: {error}.", [("url", str(error))]) from None
    data = body.model_dump(mode="json", exclude={"secret_headers"})
    return data, dict(seal(request.app[VAULT], body, former))


def seal(vault: Vault, body: HttpTool, former: StoredTool | None) -> Iterator[tuple[str, str]]:
    """Each secret as it is kept."""
    is_same = former is not None and origin(former.data["url"]) == origin(body.url)
    kept = former.secrets if former is not None and is_same else {}
    for name, value in body.secret_headers.items():
        if value != HIDDEN:
            yield name, vault.seal(value)
        elif name in kept:
            yield name, kept[name]
        else:
            field = f"secret_headers.{name}"
            text = f"{HIDDEN} stands for a secret that is kept, and there is none; give the secret"
            raise invalid(f"{field}: {text}.", [(field, text)])


def origin(url: str) -> str:
    """Whom a request goes to."""
    return read_url(url).origin.lower()


@contextmanager
def refusing(body: HttpTool | None = None) -> Iterator[None]:
    """Turn what the store refuses into problems; ``body`` is what it refuses to save."""
    try:
        yield
    except NameTaken:
        name = body.name if body is not None else ""
        text = f"the organisation has another tool named {name!r}; choose another name"
        raise Problem(
            409, f"name: {text}.", kind="name-taken", title="Name taken", errors=[("name", text)]
        ) from None
    except ToolMoved as error:
        told = "Somebody else has changed the tool; read it, and send the change again."
        raise changed_meanwhile(told, error.tool.tag) from None


OPERATIONS: Final = (list_tools, create_tool, get_tool, replace_tool, delete_tool, try_tool)
