"""The door of the MCP edge: who may come in, and the SDK behind it, from the first visitor on."""

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, cast

from aiohttp import web

from app.mcp_server.asgi import respond
from app.mcp_server.origin import check_origin
from app.rest import ACCESS, Problem

if TYPE_CHECKING:
    from app.mcp_server.served import Served

__all__ = ["Edge"]


class Edge:
    """Serves MCP over HTTP."""

    def __init__(self) -> None:
        self._closing = asyncio.Event()
        self._loading: asyncio.Task[Served] | None = None

    async def control(self, request: web.Request) -> web.StreamResponse:
        """``/mcp``: calls and docs, for assistants with a key of the REST API."""
        check_origin(request)
        await request.app[ACCESS].admit(request)
        if request.method != "POST":  # nothing is told unasked, and no session is kept
            text = "MCP is spoken here by Streamable HTTP: send each message by POST."
            raise Problem(405, text, headers={"Allow": "POST"})
        served = await self._served()
        return await respond(served.control, request, closing=self._closing)

    async def _served(self) -> "Served":
        """What answers; made once, for all who wait for it."""
        if self._loading is None or (self._loading.done() and self._loading.exception()):
            self._loading = asyncio.create_task(load())
        return await asyncio.shield(self._loading)

    async def hurry(self, _web_app: web.Application) -> None:
        """End the streams: the server is about to stop."""
        self._closing.set()

    async def close(self, _web_app: web.Application) -> None:
        """Let go of all that still runs."""
        if self._loading is not None:
            await (await self._loading).close()


async def load() -> "Served":
    """Import the SDK beside the loop, since that takes a second, and start what needs a task."""
    module = await asyncio.to_thread(import_module, "app.mcp_server.served")
    served = cast("type[Served]", module.Served)()
    await served.start()
    return served
