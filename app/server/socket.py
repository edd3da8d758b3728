"""The way to jambonz over a WebSocket of aiohttp's own: the route that any aiohttp offers."""

import asyncio
import sys
from collections.abc import Callable
from typing import Protocol

from aiohttp import WSCloseCode, WSMsgType, web

SUBPROTOCOL = "ws.jambonz.org"
# What may wait for a client that does not read. Far more than a call ever has in flight.
MAX_UNREAD = 4 * 1024 * 1024
# How long the far end may take to answer our close frame.
HANDSHAKE_SECONDS = 2.0
GOING_AWAY = WSCloseCode.SERVICE_RESTART


class ControlSocket(Protocol):
    """One control socket, as a session and the server use it.

    Attributes:
        close_code: The code that we closed with, if we did.
        unread: Bytes that waited when a client that does not read was cut off.
    """

    close_code: int | None
    unread: int

    @property
    def is_open(self) -> bool:
        """Whether a frame that is written now can still arrive."""

    def send(self, frame: bytes) -> None:
        """Write one text frame without waiting; a client that has stopped reading is cut off."""

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake."""

    def hand_over(self, receive: Callable[[bytes], object]) -> None:
        """Where messages go from now on."""

    async def closed(self) -> None:
        """Wait until the handshake is over."""

    def abort(self) -> None:
        """Drop the connection; what is unread is lost."""


def is_utf8(data: bytes) -> bool:
    """Whether text is what it has to be on the wire."""
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def make_response(*, ping_interval: float, max_message: int) -> web.WebSocketResponse:
    """A WebSocket as jambonz wants it.

    Compression costs 12 µs a message and 110 KiB a call; the client reads text as bytes, so that
    the JSON parser is the only one to decode it. With no writer limit a write never waits:
    :class:`ResponseSocket` bounds what is unread instead.
    """
    return web.WebSocketResponse(
        protocols=(SUBPROTOCOL,),
        compress=False,
        heartbeat=ping_interval,
        max_msg_size=max_message + 1,  # aiohttp refuses what is as large as its limit
        decode_text=False,
        writer_limit=sys.maxsize,
        timeout=HANDSHAKE_SECONDS,
    )


class ResponseSocket:
    """A control socket on aiohttp's WebSocket response; see :class:`ControlSocket`."""

    __slots__ = ("_closing", "_is_read", "_transport", "_ws", "close_code", "unread")

    def __init__(self, ws: web.WebSocketResponse, transport: asyncio.Transport) -> None:
        self._ws = ws
        self._transport = transport
        self._closing: asyncio.Task[None] | None = None
        self._is_read = asyncio.Event()
        self.close_code: int | None = None
        self.unread = 0

    @property
    def is_open(self) -> bool:
        """Whether a frame that is written now can still arrive."""
        return not (self._ws.closed or self._closing or self._transport.is_closing())

    def send(self, frame: bytes) -> None:
        """Write one text frame; a client that has stopped reading is cut off."""
        writing = self._ws.send_frame(frame, WSMsgType.TEXT)
        try:
            writing.send(None)
        except StopIteration:
            pass
        except ConnectionError:
            return
        if self._transport.get_write_buffer_size() > MAX_UNREAD:
            self.unread = self._transport.get_write_buffer_size()
            self.abort()

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake."""
        if self._closing is None and not self._ws.closed:
            self.close_code = code
            shake = self._shake_and_read if code == GOING_AWAY else self._shake
            self._closing = asyncio.get_running_loop().create_task(shake(code, reason))

    async def _shake(self, code: int, reason: str) -> None:
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS + 0.5):
                await self._ws.close(code=code, message=reason.encode()[:120])
        except TimeoutError:
            self.abort()  # it does not read, so the close frame cannot go out

    async def _shake_and_read(self, code: int, reason: str) -> None:
        """The same for a call that goes on elsewhere: what jambonz still says is part of it.

        `WebSocketResponse.close` would throw that away.
        """
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                payload = code.to_bytes(2, "big") + reason.encode()[:120]
                await self._ws.send_frame(payload, WSMsgType.CLOSE)
                await self._is_read.wait()
        except (TimeoutError, ConnectionError):
            self.abort()

    def all_is_read(self) -> None:
        """Nothing comes any more."""
        self._is_read.set()

    def hand_over(self, receive: Callable[[bytes], object]) -> None:
        """Nothing changes: who reads aiohttp's queue hands messages over."""

    async def closed(self) -> None:
        """Wait until the handshake is over."""
        if self._closing is not None:
            await self._closing

    def abort(self) -> None:
        """Drop the connection; what is unread is lost."""
        self._transport.abort()

    def leave(self) -> None:
        """Let go of a connection whose conversation is over.

        It closes when all is written, which is never if nobody reads: then it is dropped.
        """
        if self._transport.get_write_buffer_size():
            asyncio.get_running_loop().call_later(HANDSHAKE_SECONDS, self.abort)
