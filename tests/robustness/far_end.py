"""The far end of control sockets, as bare as it can be: it writes bytes, and keeps what comes."""

import asyncio
import base64
from collections.abc import Callable
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
    """One control socket.

    Attributes:
        frames: Opcode and payload of every frame that has come whole.
        told: The acks and commands among them.
    """

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.frames: list[tuple[int, bytes]] = []
        self.told: list[Frame] = []
        self._unread = b""
        self._is_open = False
        self.is_gone = self.is_finished = False
        self._news = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if not self._is_open:
            head, end, rest = self._unread.partition(b"\r\n\r\n")
            self._is_open, self._unread = bool(end), rest if end else head
        while self._is_open and (size := self._read_frame(self._unread)):
            self._unread = self._unread[size:]
        self._news.set()

    def _read_frame(self, data: bytes) -> int:
        """Keep the first frame; its size, or 0 where it has not come whole."""
        if len(data) < 2:
            return 0
        width = {126: 2, 127: 8}.get(data[1], 0)
        head = 2 + width
        size = int.from_bytes(data[2:head], "big") if width else data[1]
        if len(data) < head + size:
            return 0
        opcode, payload = data[0] & 0x0F, data[head : head + size]
        self.frames.append((opcode, payload))
        if opcode == 1:
            self.told.append(orjson.loads(payload))
        return head + size

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
        await self.until(lambda: self._is_open)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until it is so, or nothing comes any more."""
        async with asyncio.timeout(LIMIT):
            while not (is_so() or self.is_gone):
                self._news.clear()
                await self._news.wait()


async def connect(server: Server, path: str, *, is_patient: bool = True) -> FarEnd:
    """Open a control socket; an impatient far end speaks before the upgrade is answered."""
    loop = asyncio.get_running_loop()
    _, far_end = await loop.create_connection(FarEnd, server.host, server.port)
    far_end.transport.write(HEAD.format(path=path).encode())
    if is_patient:
        await far_end.until_open()
    return far_end
