"""The SDK's side of the MCP edge: its HTTP handlers, and the task that they run in."""

import asyncio
import logging
from typing import Any

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from app.mcp_server.asgi import Receive, Send
from app.mcp_server.control import make_control

__all__ = ["Served"]

# Sessions of the SDK would outlive their clients; each request stands for itself.
STATELESS = True


class Served:
    """What answers, once the SDK is there."""

    def __init__(self) -> None:
        # It tells of every request, and with debug of what is in it.
        logging.getLogger("mcp").setLevel(logging.WARNING)
        self._control = StreamableHTTPSessionManager(make_control(), stateless=STATELESS)
        self._ready = asyncio.Event()
        self._stop = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open what must be closed by the task that opened it, in a task of its own."""
        self._running = asyncio.create_task(self._run())
        await self._ready.wait()

    async def _run(self) -> None:
        async with self._control.run():
            self._ready.set()
            await self._stop.wait()

    async def close(self) -> None:
        """Stop all that still runs."""
        self._stop.set()
        if self._running is not None:
            await self._running

    async def control(self, scope: Any, receive: Receive, send: Send) -> None:
        """The ASGI application behind ``/mcp``."""
        await self._control.handle_request(scope, receive, send)
