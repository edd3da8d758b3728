"""Peers: asks the other nodes, with connections that are kept."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import quote

import aiohttp
from yarl import URL

from app.bus import Bus, Node
from app.peers.here import ThisNode
from app.peers.passes import Pass, Passes
from app.protocol import CordboardError

__all__ = ["PASS_HEADER", "NoAnswer", "NotReached", "PeerError", "Peers"]

PASS_HEADER: Final = "Cordboard-Pass"  # noqa: S105 a name
CONNECT_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 2.0
"""How long another node may take to begin its answer, unless it is asked for what takes longer."""
HANDED_OVER: Final = 204
# Each stream takes one for as long as somebody listens.
CONNECTIONS: Final = 10_000
# What aiohttp would add, and nobody asked for.
NOT_OURS: Final = frozenset({"Accept", "Accept-Encoding", "User-Agent", "Content-Type"})


class PeerError(CordboardError):
    """Another node did not do what it was asked."""


class NotReached(PeerError):
    """It cannot be reached: what was asked has certainly not been done."""


class NoAnswer(PeerError):
    """It was asked and did not answer: what was asked may have been done."""


class Peers:
    """The other nodes.

    Args:
        bus: Tells who they are and what they hold.
        here: This node.
        passes: What is shown to them.
    """

    def __init__(self, bus: Bus, here: ThisNode, passes: Passes) -> None:
        self.bus = bus
        self.here = here
        self.passes = passes
        self._session: aiohttp.ClientSession | None = None

    async def others(self) -> list[Node]:
        """The other nodes whose lease runs, and that can be asked.

        Raises:
            BusUnavailable: Nobody knows.
        """
        nodes = await self.bus.nodes()
        return [node for node in nodes if node.id != self.here.id and node.address]

    @asynccontextmanager
    async def ask(
        self,
        node: Node,
        method: str,
        path: str,
        *,
        given: Pass,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        within: float | None = ANSWER_SECONDS,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request to another node; within the block its answer may be read.

        Args:
            node: Whom to ask.
            method: Of HTTP.
            path: With its query, encoded.
            given: On whose behalf.
            headers: What else to send.
            body: What else to send.
            within: Seconds until the answer begins; None: as long as it takes.

        Raises:
            NotReached: It certainly did nothing.
            NoAnswer: It may have done it.
        """
        text = self.passes.write(given, node_id=node.id, method=method, path=path)
        request = self._open().request(
            method,
            _url(node, path),
            headers={**(headers or {}), PASS_HEADER: text},
            data=body,
            allow_redirects=False,
        )
        try:
            async with asyncio.timeout(within):
                response = await request
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotReached(f"node {node.id} cannot be reached: {error}") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NoAnswer(f"node {node.id} does not answer: {error!r}") from None
        async with response:
            yield response

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                skip_auto_headers=NOT_OURS,
                auto_decompress=False,
            )
        return self._session

    async def ask_hand_over(
        self,
        node: Node,
        key: str,
        timeout: float,  # noqa: ASYNC109 the other node has to know it too
    ) -> bool | None:
        """Ask a node to let a call go; True once it has, with all that the call needs written.

        False where it has no such call, None where it does not answer.

        Args:
            node: Who has it.
            key: What nodes keep the call by.
            timeout: Seconds for all of it; the tools of the call have most of them to end.
        """
        path = f"/node/calls/{quote(key, safe='')}/hand-over?within={timeout:g}"
        try:
            async with asyncio.timeout(timeout):
                async with self.ask(node, "POST", path, given=Pass(), within=None) as answer:
                    return answer.status == HANDED_OVER
        except (PeerError, TimeoutError):
            return None

    async def close(self) -> None:
        """Let go of all connections."""
        if self._session is not None:
            await self._session.close()


def _url(node: Node, path: str) -> URL:
    if not node.address:
        raise NotReached(f"node {node.id} has no private port")
    return URL(node.address + path, encoded=True)
