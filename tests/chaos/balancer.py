"""A balancer of TCP connections, as stands before several nodes."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import aiohttp

from tests.chaos.processes import Node

PIECE = 1 << 16
PROBED_EVERY = 0.2
PROBE_LIMIT = 1.0


class Balancer:
    """Hands each connection to the next node; one that refuses it is passed over.

    Nodes whose `/readyz` does not say 200 get no new connections; those that they have stay, until
    `abandon` ends them.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = list(nodes)
        self.port = 0
        self._out: set[str] = set()
        self._turn = 0
        self._open: defaultdict[str, set[asyncio.WriteTransport]] = defaultdict(set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def abandon(self, node: Node) -> None:
        """Take a node for dead: end all its connections."""
        self._out.add(node.name)
        for transport in list(self._open[node.name]):
            transport.abort()

    async def noticed(self, node: Node) -> None:
        """Wait until its probe has found that a node is not in order."""
        while node.name not in self._out:  # noqa: ASYNC110  (a probe is asked again and again)
            await asyncio.sleep(PROBED_EVERY)

    async def connect(self) -> tuple[Node, asyncio.StreamReader, asyncio.StreamWriter] | None:
        """A connection to the next node that takes one; None where none does."""
        self._turn += 1
        start = self._turn % len(self.nodes)
        for node in [*self.nodes[start:], *self.nodes[:start]]:
            if node.name in self._out:
                continue
            with suppress(OSError):
                return (node, *await asyncio.open_connection("127.0.0.1", node.port))
        return None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either side ends it."""
        found = await self.connect()
        if found is None:
            writer.transport.abort()
            return
        node, from_node, to_node = found
        self._open[node.name].add(to_node.transport)
        try:
            await asyncio.gather(carry(reader, to_node), carry(from_node, writer))
        finally:
            self._open[node.name].discard(to_node.transport)
            for end in (writer, to_node):
                end.transport.abort()

    async def probe(self) -> None:
        """Look after the nodes for as long as it runs."""
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True),
            timeout=aiohttp.ClientTimeout(total=PROBE_LIMIT),
        ) as client:
            await asyncio.gather(*(self._probe(client, node) for node in self.nodes))

    async def _probe(self, client: aiohttp.ClientSession, node: Node) -> None:
        while True:
            if await node.status(client) == 200:
                self._out.discard(node.name)
            else:
                self._out.add(node.name)
            await asyncio.sleep(PROBED_EVERY)


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy one direction to its end; its end is the end of the other one too."""
    with suppress(OSError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def balancing(*nodes: Node) -> AsyncIterator[Balancer]:
    """A balancer before these nodes, for a while."""
    balancer = Balancer(nodes)
    server = await asyncio.start_server(balancer.serve, "127.0.0.1", 0, backlog=1024)
    balancer.port = server.sockets[0].getsockname()[1]
    probing = asyncio.create_task(balancer.probe())
    try:
        yield balancer
    finally:
        probing.cancel()
        server.close()
        for node in nodes:
            balancer.abandon(node)
        await asyncio.gather(probing, return_exceptions=True)
