"""A server that answers what a test tells it to, right or wrong."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

Answer = Callable[[dict[str, Any]], Any]
"""From the params of a request to its result."""
HANDSHAKE = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "raw", "version": "1"},
}


def tool(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "inputSchema": {"type": "object"}, **more}


@asynccontextmanager
async def raw_server(
    *, tools: Answer, call: Answer, headers: dict[str, str] | None = None
) -> AsyncIterator[str]:
    """Serve; a request without these headers is refused. Gives the URL."""

    async def answer(request: web.Request) -> web.Response:
        for name, value in (headers or {}).items():
            if request.headers.get(name) != value:
                return web.Response(status=401)
        message = await request.json()
        if "id" not in message:
            return web.Response(status=202)
        answers = {"initialize": lambda _: HANDSHAKE, "tools/list": tools, "tools/call": call}
        envelope = {"jsonrpc": "2.0", "id": message["id"]}
        if message["method"] not in answers:
            error = {"code": -32601, "message": "Method not found"}
            return web.json_response({**envelope, "error": error})
        result = answers[message["method"]](message.get("params") or {})
        if isinstance(result, str):
            return web.Response(text=result, content_type="application/json")
        return web.json_response({**envelope, "result": result})

    app = web.Application()
    app.router.add_post("/mcp", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/mcp"))
