"""The MCP servers of this process, and who uses their tools."""

import asyncio
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import structlog

from app.logs import Event
from app.mcp import McpServer, McpTool
from app.tool import ToolSource

MOST = 64
"""Servers that are kept although nobody's tools are theirs any more."""

log = structlog.get_logger("cordboard.mcp")

Follow = Callable[[ToolSource], None]
"""Tells the calls of a node that a source has other tools."""


class Source(ToolSource):
    """Whose tools are a server's.

    Attributes:
        identity: Equal for sources that one connection can serve.
    """

    identity: tuple[object, ...]

    def make_server(self, on_change: Callable[[McpServer], None]) -> McpServer:
        """The server that it needs."""
        raise NotImplementedError

    def take(self, tools: tuple[McpTool, ...]) -> bool:
        """Have these tools; say whether they are others than before."""
        raise NotImplementedError


@dataclass(slots=True, eq=False)
class Shared:
    """One server and those who share it."""

    server: McpServer
    sources: "weakref.WeakSet[Source]" = field(default_factory=weakref.WeakSet)
    told: str = ""


class Pool:
    """Connects to servers while a node runs, once to each."""

    def __init__(self) -> None:
        self._known: weakref.WeakSet[Source] = weakref.WeakSet()
        self._shared: dict[tuple[object, ...], Shared] = {}
        self._nodes: list[Follow] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_eager = False

    def know(self, source: Source) -> None:
        """Note a source, from any thread."""
        self._known.add(source)
        if self._is_eager and self._loop is not None:
            self._loop.call_soon_threadsafe(self.attach, source)

    def open(self, follow: Follow) -> None:
        """A node of this process has started: who uses a source is connected."""
        self._nodes.append(follow)
        self._loop = asyncio.get_running_loop()

    def connect_all(self) -> None:
        """Connect at once to all that is known, and to what is made from now on."""
        self._is_eager = True
        for source in [*self._known]:
            self.attach(source)

    async def close(self, follow: Follow) -> None:
        """A node has ended; with the last one, the servers are let go."""
        self._nodes.remove(follow)
        if not self._nodes:
            self._loop, self._is_eager = None, False
            shared, self._shared = [*self._shared.values()], {}
            for one in shared:
                self._give(one, ())
            await asyncio.gather(*(one.server.close() for one in shared))

    def attach(self, source: Source) -> Shared | None:
        """Connect a source to its server; None while no node runs here."""
        if self._loop is None or self._loop is not running_loop():
            return None
        shared = self._shared.get(source.identity)
        if shared is None:
            shared = self._shared[source.identity] = Shared(source.make_server(self._changed))
            shared.server.begin()
            self._let_go()
        if source not in shared.sources:
            shared.sources.add(source)
            source.take(shared.server.tools)
        return shared

    def _changed(self, server: McpServer) -> None:
        """A server came, went, or has other tools."""
        shared = next((one for one in self._shared.values() if one.server is server), None)
        if shared is None:
            return
        self._tell(shared, server)
        changed = self._give(shared, server.tools)
        if server.is_connected:  # who talks while it is away keeps its tools: it may come back
            for source in changed:
                for follow in self._nodes:
                    follow(source)

    def _give(self, shared: Shared, tools: tuple[McpTool, ...]) -> Iterable[Source]:
        return [source for source in [*shared.sources] if source.take(tools)]

    def _tell(self, shared: Shared, server: McpServer) -> None:
        """A line in the log, once for each thing that there is to tell."""
        problem = str(server.problem or "")
        if not problem:
            names = ", ".join(tool.name for tool in server.tools)
            log.info(Event.MCP_SERVER_CONNECTED, server=server.label, tools=names)
        elif problem != shared.told:
            fix = "agents start without its tools, and have them when it comes back"
            log.warning(Event.MCP_SERVER_AWAY, server=server.label, reason=problem, effect=fix)
        shared.told = problem

    def _let_go(self) -> None:
        """Leave servers that nobody needs, the oldest first, where there are many."""
        idle = [key for key, one in self._shared.items() if not one.sources]
        for key in idle[: max(0, len(self._shared) - MOST)]:
            closing = asyncio.ensure_future(self._shared.pop(key).server.close())
            CLOSING.add(closing)
            closing.add_done_callback(CLOSING.discard)


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The loop that runs in this thread."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


CLOSING: "set[asyncio.Future[None]]" = set()
POOL = Pool()
"""Of this process: a server is connected to once, however many calls use its tools."""
