"""The way to jambonz straight from aiohttp's frame parser: no queue, no reader task, no request.

A call's socket is one object: the asyncio protocol, and what the parser hands messages to. That
saves a third of a turn's work and half of a call's memory, but it builds on a part of aiohttp that
is not public. So :func:`is_possible` tries it out when the server starts; where it does not work as
known, calls take the route that any aiohttp offers (``socket``).
"""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, cast

import aiohttp
from aiohttp import WebSocketError, WSCloseCode, WSMsgType

try:
    from aiohttp._websocket.reader import WebSocketDataQueue, WebSocketReader

    IS_THERE = True
except ImportError:  # another aiohttp
    WebSocketDataQueue = WebSocketReader = cast("Any", object)
    IS_THERE = False

from app.server.socket import GOING_AWAY, HANDSHAKE_SECONDS, MAX_UNREAD, is_utf8

# The releases of aiohttp whose parser has been used so, in tests of the whole protocol.
KNOWN = ("3.14.",)
TEXT, BINARY, CLOSE, PING = WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CLOSE, WSMsgType.PING
ABNORMAL = 1006
NO_CODE = 0  # as aiohttp has it


class Listener(Protocol):
    """Who hears what comes over a socket."""

    def receive(self, data: bytes) -> None:
        """Take one message."""

    def refuse(self, error: object) -> None:
        """A frame breaks the WebSocket protocol; the socket is being closed."""

    def break_off(self) -> None:
        """Our own mistake: ``receive`` raised."""

    def over(self, code: int | None) -> None:
        """Nothing comes any more; ``code`` is the far end's: 0 if it gave none, 1006 if cut off."""


class DirectSocket(WebSocketDataQueue):
    """A control socket on a transport; see ``ControlSocket``.

    Attributes:
        is_open: Whether a frame that is written now can still arrive.
        is_heard: Whether anything came since this was last set to False.
        close_code: The code that we closed with, if we did.
        unread: Bytes that waited when a client that does not read was cut off.
        data_received: The parser's own method: what comes goes to it without a detour.
    """

    __slots__ = (
        "_end",
        "_is_gone",
        "_listener",
        "_on_gone",
        "_receive",
        "_timer",
        "_transport",
        "_write",
        "close_code",
        "data_received",
        "is_heard",
        "is_open",
        "unread",
    )

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        *,
        max_message: int,
        on_gone: Callable[["DirectSocket"], object],
    ) -> None:
        super().__init__(cast("Any", None), 2**16, loop=loop)
        self._transport = transport
        self._write: Callable[[bytes], object] = transport.write
        self._on_gone = on_gone
        self._listener: Listener | None = None
        self._receive: Callable[[bytes], object] = ignore
        self._is_gone = False
        self._timer: asyncio.TimerHandle | None = None
        self._end: asyncio.Event | None = None
        self.is_open = self.is_heard = True
        self.close_code: int | None = None
        self.unread = 0
        # The limit is the first size that is refused.
        reader = WebSocketReader(self, max_message + 1, compress=False, decode_text=False)
        self.data_received: Callable[[bytes], object] = reader.feed_data
        # One that does not read is cut off by `pause_writing`, so that no write has to look.
        transport.set_write_buffer_limits(high=MAX_UNREAD)

    def listen(self, listener: Listener) -> None:
        """Begin to hand over what comes."""
        self._listener = listener
        self._receive = listener.receive

    def hand_over(self, receive: Callable[[bytes], object]) -> None:
        """Messages go here from now on, without the listener in between."""
        self._receive = receive

    # what aiohttp's parser calls

    def feed_data(self, data: Any, size: int) -> None:
        """Take one message from the parser."""
        kind = data[0]
        self.is_heard = True
        if kind is TEXT or kind is BINARY:
            content = data[1]
            if kind is TEXT and not is_utf8(content):
                self._fail(WebSocketError(WSCloseCode.INVALID_TEXT, "Invalid UTF-8 text message"))
            elif self.is_open or self.close_code == GOING_AWAY:
                # The call goes on elsewhere: what jambonz said before it heard so is part of it.
                try:
                    self._receive(content)
                except Exception:
                    if self._listener is not None:
                        self._listener.break_off()
        elif kind is PING:
            # Who floods and leaves would cost a line in asyncio's log for every ping.
            if self.is_open and not self._transport.is_closing():
                self._write(frame_of(0x8A, data[1]))
        elif kind is CLOSE:
            if data[1] == ABNORMAL:  # for who has no close frame; aiohttp's parser lets it pass
                self._fail(WebSocketError(WSCloseCode.PROTOCOL_ERROR, "Invalid close code: 1006"))
            else:
                self._far_end_closes(data[1])

    def set_exception(self, exc: BaseException, exc_cause: object = None) -> None:
        """The parser found a frame that breaks the protocol, or one that is too large."""
        self._fail(exc)

    def feed_eof(self) -> None:
        """Nothing to do: the transport tells of its end by itself."""

    # what the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Never called: the connection was made before it became a control socket."""

    def eof_received(self) -> bool:
        """The far end has closed its half: close ours."""
        return False

    def pause_writing(self) -> None:
        """The far end does not read: drop it, before it costs any more memory."""
        if not self.is_open:
            return  # closing; the timer looks after it
        self.unread = self._transport.get_write_buffer_size()
        self.abort()

    def resume_writing(self) -> None:
        """Too late."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self.is_open, self._is_gone = False, True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._tell_over(ABNORMAL)
        if self._end is not None:
            self._end.set()
        self._on_gone(self)
        # The parser and this object hold each other: let go, so that no collector has to come.
        self._listener = None
        self._receive = self.data_received = self._write = ignore

    # what the session and the server call

    def send(self, frame: bytes) -> None:
        """Write one text frame; never waits."""
        if self.is_open:
            self._write(frame_of(0x81, frame))

    def ping(self) -> None:
        """Ask for a sign of life."""
        if self.is_open:
            self._write(b"\x89\x00")

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake; without an answer in time the connection is dropped."""
        if self.is_open:
            self.close_code = code
            self._say_close(code.to_bytes(2, "big") + reason.encode()[:120])
            self._watch_end()

    async def closed(self) -> None:
        """Wait until the handshake is over."""
        if self.close_code is not None and not self._is_gone:
            self._end = self._end or asyncio.Event()
            await self._end.wait()

    def abort(self) -> None:
        """Drop the connection; what is unread is lost."""
        self.is_open = False
        self._transport.abort()

    def _say_close(self, payload: bytes) -> None:
        self.is_open = False
        self._write(frame_of(0x88, payload))

    def _watch_end(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(HANDSHAKE_SECONDS, self._transport.abort)

    def _far_end_closes(self, code: int) -> None:
        """A close frame came: answer it if it is the first, and end the connection."""
        if self.is_open:
            self._say_close(code.to_bytes(2, "big") if code else b"")
        self._tell_over(code or NO_CODE)
        self._leave()

    def _fail(self, error: BaseException) -> None:
        """What came breaks the protocol: nothing that follows can be trusted."""
        if self._listener is not None:
            self._listener.refuse(error)
        code = error.code if isinstance(error, WebSocketError) else WSCloseCode.INTERNAL_ERROR
        if self.is_open:
            self.close_code = int(code)
            self._say_close(int(code).to_bytes(2, "big"))
        self._tell_over(ABNORMAL)
        self._leave()

    def _leave(self) -> None:
        """Close when all is written; drop it if that takes too long."""
        if self._transport.get_write_buffer_size():
            self._watch_end()
        self._transport.close()

    def _tell_over(self, code: int) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.over(code)


def ignore(_data: object) -> None:
    """What comes after the end."""


def frame_of(first: int, payload: bytes) -> bytes:
    """A whole frame of ours, which is not masked; ``first`` is its first byte."""
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65536:
        return bytes((first, 126, size >> 8, size & 255)) + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


def is_possible() -> bool:
    """Whether this aiohttp's parser works as it is used here: a known release, and tried out."""
    if not IS_THERE or not aiohttp.__version__.startswith(KNOWN):
        return False
    heard: list[bytes] = []

    class Queue(WebSocketDataQueue):
        def feed_data(self, data: Any, size: int) -> None:
            heard.append(data[1])

    try:
        queue = Queue(cast("Any", None), 2**16, loop=cast("Any", None))
        reader = WebSocketReader(queue, 1024, compress=False, decode_text=False)
        reader.feed_data(b"\x81\x82\x01\x02\x03\x04" + bytes((ord("o") ^ 1, ord("k") ^ 2)))
    except (TypeError, AttributeError):
        return False
    return heard == [b"ok"]
