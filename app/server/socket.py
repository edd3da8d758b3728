"""The way to jambonz: writes frames on an aiohttp WebSocket without waiting."""

import asyncio
import sys

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

log = structlog.get_logger("cordboard.server")

SUBPROTOCOL = "ws.jambonz.org"
# What may wait for a client that does not read. Far more than a call ever has in flight.
MAX_UNREAD = 1024 * 1024


def make_response(*, ping_interval: float, max_message: int) -> web.WebSocketResponse:
    """A WebSocket as jambonz wants it.

    Compression costs 12 µs a message and 110 KiB a call; the client reads text as bytes, so that
    the JSON parser is the only one to decode it. With no writer limit a write never waits:
    :class:`ControlSocket` bounds what is unread instead.
    """
    return web.WebSocketResponse(
        protocols=(SUBPROTOCOL,),
        compress=False,
        heartbeat=ping_interval,
        max_msg_size=max_message,
        decode_text=False,
        writer_limit=sys.maxsize,
        timeout=2.0,
    )


class ControlSocket:
    """One control socket, as a session uses it."""

    __slots__ = ("_closing", "_transport", "_ws", "close_code")

    def __init__(self, ws: web.WebSocketResponse, transport: asyncio.Transport) -> None:
        self._ws = ws
        self._transport = transport
        self._closing: asyncio.Task[bool] | None = None
        self.close_code: int | None = None

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
            log.error("client_not_reading", unread=self._transport.get_write_buffer_size())
            self._transport.abort()

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake."""
        if self._closing is None and not self._ws.closed:
            self.close_code = code
            self._closing = asyncio.get_running_loop().create_task(
                self._ws.close(code=code, message=reason.encode()[:120])
            )

    async def closed(self) -> None:
        """Wait until the handshake is over."""
        if self._closing is not None:
            await self._closing


GOING_AWAY = WSCloseCode.SERVICE_RESTART
