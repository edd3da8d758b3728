"""Several servers in order, as an agent verb lists them."""

import asyncio
from collections.abc import Iterable, Sequence

from app.mcp.errors import McpError
from app.mcp.server import McpServer
from app.mcp.values import McpTool


class Servers:
    """Servers whose tools are offered together; of two tools with one name, the first counts."""

    def __init__(self, servers: Iterable[McpServer]) -> None:
        self.all: Sequence[McpServer] = tuple(servers)

    async def start(self) -> list[McpError]:
        """Connect to all at once; what could not be reached is told and left out."""
        outcomes = await asyncio.gather(*(one.start() for one in self.all), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, McpError):
                raise outcome
        return [outcome for outcome in outcomes if isinstance(outcome, McpError)]

    @property
    def tools(self) -> tuple[McpTool, ...]:
        """What they offer together."""
        found: dict[str, McpTool] = {}
        for server in self.all:
            for tool in server.tools:
                found.setdefault(tool.name, tool)
        return tuple(found.values())

    @property
    def hidden(self) -> list[tuple[McpServer, str]]:
        """Tools that a server before them hides, by their name."""
        seen: set[str] = set()
        found = []
        for server in self.all:
            names = [tool.name for tool in server.tools]
            found += [(server, name) for name in names if name in seen]
            seen.update(names)
        return found

    def find(self, name: str) -> McpServer | None:
        """The first server that offers a tool."""
        return next((one for one in self.all if one.find(name)), None)

    async def close_lost(self) -> None:
        """Let go of those that are not connected."""
        await asyncio.gather(*(one.close() for one in self.all if not one.is_connected))

    async def close(self) -> None:
        """Let go of all."""
        await asyncio.gather(*(one.close() for one in self.all))
