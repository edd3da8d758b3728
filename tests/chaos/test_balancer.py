"""The balancer of the scenarios does what one does in the field."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.chaos.balancer import balancing
from tests.chaos.processes import Node


class Peer:
    """Listens at a node's port: tells its name to whoever connects, and whether it is ready."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.status = 200

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        words = await reader.readline()
        if words.startswith(b"GET /readyz"):
            writer.write(f"HTTP/1.1 {self.status} x\r\nContent-Length: 0\r\n\r\n".encode())
        else:
            writer.write(self.node.name.encode() + b"\n")
            await reader.read()
        writer.close()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        async with await asyncio.start_server(self.serve, "127.0.0.1", self.node.port):
            yield


async def ask(port: int) -> str:
    """Who answers at the port; nobody where the connection ends at once."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"who\n")
    try:
        return (await reader.readline()).decode().strip()
    except ConnectionError:
        return ""
    finally:
        writer.transport.abort()


async def until_all_answers_are(port: int, expected: set[str]) -> None:
    async with asyncio.timeout(20):
        while {await ask(port) for _ in range(4)} != expected:
            pass


async def test_connections_go_round_and_past_nodes_that_do_not_take_them(tmp_path: Path) -> None:
    one, two = Peer(Node(tmp_path, "one")), Peer(Node(tmp_path, "two"))
    async with balancing(one.node, two.node) as balancer:
        assert await ask(balancer.port) == ""
        async with two.listening():
            await until_all_answers_are(balancer.port, {"two"})
            async with one.listening():
                await until_all_answers_are(balancer.port, {"one", "two"})
                two.status = 503
                await until_all_answers_are(balancer.port, {"one"})


async def test_a_node_that_is_given_up_loses_its_connections(tmp_path: Path) -> None:
    peer = Peer(Node(tmp_path, "one"))
    async with peer.listening(), balancing(peer.node) as balancer:
        reader, writer = await asyncio.open_connection("127.0.0.1", balancer.port)
        writer.write(b"who\n")
        assert await reader.readline() == b"one\n"

        balancer.abandon(peer.node)

        async with asyncio.timeout(20):
            assert await reader.read() == b""
        writer.close()
