"""The messages of one control socket, handed to the session whose call it is."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from aiohttp import WebSocketError, WSCloseCode

from app.application import Application
from app.calls import Calls
from app.protocol import Kind, MalformedMessage, Message, decode
from app.server.socket import ControlSocket
from app.session import Session

log = structlog.get_logger("cordboard.server")

# jambonz closes so when a call is over (1000) or could not be served (1001).
OVER = (1000, 1001)


class Conversation:
    """What a socket says, from its first message to its end; user code never runs in here.

    Attributes:
        session: The call's session; None before the first message.
    """

    __slots__ = (
        "_application",
        "_calls",
        "_is_over",
        "_on_begin",
        "_path_params",
        "_socket",
        "session",
    )

    def __init__(
        self,
        calls: Calls,
        application: Application[Any, Any],
        path_params: Mapping[str, str],
        socket: ControlSocket,
        on_begin: Callable[[ControlSocket], object],
    ) -> None:
        self._calls = calls
        self._application = application
        self._path_params = path_params
        self._socket = socket
        self._on_begin = on_begin
        self._is_over = False
        self.session: Session | None = None

    def receive(self, data: bytes) -> None:
        """Take one message."""
        if self.session is None:
            self._begin(data)
        else:
            self.session.receive(data)

    def _begin(self, data: bytes) -> None:
        """The first message: it tells whose call it is."""
        self._on_begin(self._socket)
        try:
            message = decode(data, time.monotonic())
        except MalformedMessage:
            self._open(None).receive(data)  # which logs it
        else:
            self._open(message).take(message, data)

    def _open(self, message: Message | None) -> Session:
        """A known session if jambonz reconnects, else a new one."""
        session = None
        if message is not None and message.kind is Kind.SESSION_RECONNECT:
            session = self._calls.get(message.call_sid)
        # A call in progress keeps the application that it began with, also if that was reloaded.
        if session is None or session.application.path != self._application.path:
            session = self._calls.open(self._application, self._path_params)
            if message is not None:
                session.identify(message)
        self.session = session
        session.attach(self._socket)
        self._socket.hand_over(session.receive)
        return session

    def refuse(self, error: object) -> None:
        """Log a frame that is too large or breaks the WebSocket protocol: its socket is closed."""
        if isinstance(error, WebSocketError):
            (log if self.session is None else self.session.log).error(
                "message_refused",
                code=error.code,
                reason=str(error),
                advice="jambonz redials; CORDBOARD_MAX_MESSAGE bounds what is taken",
            )

    def break_off(self) -> None:
        """Our own mistake: this session cannot be trusted any more; the others go on."""
        self._socket.close(WSCloseCode.INTERNAL_ERROR, "internal error")
        if self.session is None:
            log.exception("session_beyond_repair")
        else:
            self.session.log.exception("session_beyond_repair")
            self.session.end("internal error")

    def over(self, code: int | None) -> None:
        """The socket is gone; ``code`` is what jambonz closed it with, 1006 without a word.

        Tells the session, and what the close code says of the call.
        """
        session, socket = self.session, self._socket
        if session is None or self._is_over:
            return
        self._is_over = True
        if socket.unread:
            session.log.error("client_not_reading", unread=socket.unread)
        ours = socket.close_code
        is_over = ours in OVER if ours is not None else code in OVER
        session.lost(socket, cleanly=code not in (None, 1006), is_over=is_over, code=ours or code)
