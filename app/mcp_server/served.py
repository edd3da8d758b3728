"""The SDK's side of the MCP edge: its HTTP handlers, and the task that they run in."""

import asyncio
import logging
from contextlib import AsyncExitStack
from typing import Any

from mcp.server.sse import SseServerTransport
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from app.mcp_server.asgi import Receive, Send
from app.mcp_server.control import make_control
from app.mcp_server.offered import OFFERED, Offered, make_offered
from app.session import Session

__all__ = ["Served"]

MESSAGES = "/messages"


class Served:
    """What answers, once the SDK is there.

    No session of Streamable HTTP is kept: it would outlive its client. Each request stands for
    itself.
    """

    def __init__(self) -> None:
        # It tells of every request, and with debug of what is in it.
        logging.getLogger("mcp").setLevel(logging.WARNING)
        self._offering = make_offered()
        self._control = StreamableHTTPSessionManager(make_control(), stateless=True)
        self._tools = StreamableHTTPSessionManager(self._offering, stateless=True)
        self._sse = SseServerTransport(MESSAGES)
        self._ready = asyncio.Event()
        self._stop = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open what must be closed by the task that opened it, in a task of its own."""
        self._running = asyncio.create_task(self._run())
        await self._ready.wait()

    async def _run(self) -> None:
        async with AsyncExitStack() as stack:
            for manager in (self._control, self._tools):
                await stack.enter_async_context(manager.run())
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

    def scope(self, session: Session[Any, Any], tools: Any, token: str) -> dict[str, Any]:
        """What a request for tools needs beside what HTTP tells.

        The path of messages is told relative to the stream's: a proxy may have put a prefix
        before both, which nobody here knows.
        """
        return {OFFERED: Offered(session, tools), "root_path": f"./{token}"}

    async def tools(self, scope: Any, receive: Receive, send: Send) -> None:
        """The ASGI application behind the tools of a call: both transports at one address."""
        if scope["path"].endswith(MESSAGES):
            await self._sse.handle_post_message(scope, receive, send)
        elif scope["method"] == "GET":
            await self._stream(scope, receive, send)
        else:
            await self._tools.handle_request(scope, receive, send)

    async def _stream(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve a client that speaks SSE, until it goes."""
        async with self._sse.connect_sse(scope, receive, send) as (incoming, outgoing):
            options = self._offering.create_initialization_options()
            await self._offering.run(incoming, outgoing, options)
