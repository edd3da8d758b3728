"""MCP servers on loopback, of the official SDK and of FastMCP; they can die and come back."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import fastmcp
import uvicorn
from mcp.server.mcpserver import MCPServer

STDIO = [sys.executable, "-m", "tests.mcp.stdio_server"]


class Desk:
    """What the tools of a server did, and what a test lets them do."""

    def __init__(self) -> None:
        self.called: list[str] = []
        self.begun = asyncio.Event()
        self.go = asyncio.Event()


def add_tools(server: Any, desk: Desk) -> None:
    """The same tools for any kind of server."""

    def add(a: int, b: int) -> int:
        """Add two numbers."""
        desk.called.append(f"add {a} {b}")
        return a + b

    def find_order(number: int) -> dict[str, Any]:
        """Find an order."""
        return {"number": number, "state": "sent"}

    def fail(reason: str) -> str:
        """Fail."""
        raise ValueError(reason)

    async def wait() -> str:
        """Wait until the test says go."""
        desk.called.append("wait")
        desk.begun.set()
        await desk.go.wait()
        return "waited"

    for function in (add, find_order, fail, wait):
        server.tool()(function)


def official(desk: Desk) -> MCPServer:
    """A server of the official SDK."""
    server = MCPServer("official")
    add_tools(server, desk)
    return server


def third_party(desk: Desk) -> Any:
    """A server of FastMCP."""
    server: Any = fastmcp.FastMCP("third party")
    add_tools(server, desk)
    return server


def application(server: Any, kind: str) -> Any:
    """Its ASGI application, over ``http`` or ``sse``."""
    if isinstance(server, MCPServer):
        return server.streamable_http_app() if kind == "http" else server.sse_app()
    return server.http_app(transport=kind)


def path_of(kind: str) -> str:
    """Where that application answers."""
    return "/mcp" if kind == "http" else "/sse"


class Host:
    """Serves an ASGI application on one port, as often as it is asked to."""

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def serve(self, app: Any) -> None:
        """Begin to serve; on the same port as before."""
        listening = socket.create_server(("127.0.0.1", self._port))
        self._port = listening.getsockname()[1]
        config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1, ws="none")
        self._server = Quiet(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[listening]))
        await self._server.up.wait()

    async def die(self) -> None:
        """End at once, without a word to whoever is connected."""
        if self._server is None or self._task is None:
            return
        for connection in [*self._server.server_state.connections]:
            connection.transport.abort()
        self._server.should_exit = True
        await asyncio.wait({self._task}, timeout=5)
        self._server = self._task = None


class Quiet(uvicorn.Server):
    """A server that leaves the signals of this process alone, and tells when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        await self._serve(sockets)


@asynccontextmanager
async def hosted(app: Any) -> AsyncIterator[Host]:
    """A host that serves an application until the end of the block."""
    host = Host()
    await host.serve(app)
    try:
        yield host
    finally:
        await host.die()
