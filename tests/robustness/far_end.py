"""The far end of control sockets, as bare as it can be: it writes bytes, and keeps what comes."""

import asyncio
import base64
from collections.abc import Callable, Iterator
from contextlib import suppress

import orjson

from tests.server.conftest import Server
from tests.server.jambonz import LIMIT, SUBPROTOCOL, Frame

HEAD = "\r\n".join(
    [
        "GET {path} HTTP/1.1", "Host: localhost", "Connection: Upgrade", "Upgrade: websocket",
        f"Sec-WebSocket-Protocol: {SUBPROTOCOL}", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: " + base64.b64encode(bytes(16)).decode(), "", "",
    ]
)  # fmt: skip


class FarEnd(asyncio.Protocol):
    """One control socket."""

    def __init__(self) -> None:
        self.came = bytearray()
        self.transport: asyncio.Transport
        self.is_gone = self.is_finished = False
        self._news = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.came += data
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_gone = True
        self._news.set()

    def eof_received(self) -> bool:
        return True  # our half stays open, as long as we are not told otherwise

    def write(self, data: bytes) -> None:
        """Write, as long as that is possible."""
        if not (self.is_finished or self.transport.is_closing()):
            self.transport.write(data)

    def finish(self) -> None:
        """Say that nothing more will be written."""
        if not self.transport.is_closing():
            self.is_finished = True
            with suppress(OSError):  # gone already, and not told yet
                self.transport.write_eof()

    def deafen(self) -> None:
        """Read no more."""
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def drop(self) -> None:
        """Go without a word."""
        self.transport.abort()

    async def until_open(self) -> None:
        """Wait for the answer to the upgrade."""
        await self.until(lambda: b"\r\n\r\n" in self.came)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until it is so, or nothing comes any more."""
        async with asyncio.timeout(LIMIT):
            while not (is_so() or self.is_gone):
                self._news.clear()
                await self._news.wait()

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """Opcode and payload of every frame that has come whole."""
        data = bytes(self.came).partition(b"\r\n\r\n")[2]
        at = 0
        while at + 2 <= len(data):
            size, head = data[at + 1], at + 2
            if size >= 126:
                width = 2 if size == 126 else 8
                size, head = int.from_bytes(data[head : head + width], "big"), head + width
            if head + size > len(data):
                return
            yield data[at] & 0x0F, data[head : head + size]
            at = head + size

    def told(self) -> list[Frame]:
        """The acks and commands that have come."""
        return [orjson.loads(payload) for opcode, payload in self.frames() if opcode == 1]


async def connect(server: Server, path: str, *, is_patient: bool = True) -> FarEnd:
    """Open a control socket; an impatient far end speaks before the upgrade is answered."""
    loop = asyncio.get_running_loop()
    _, far_end = await loop.create_connection(FarEnd, server.host, server.port)
    far_end.transport.write(HEAD.format(path=path).encode())
    if is_patient:
        await far_end.until_open()
    return far_end
