"""The messages of one control socket, handed to the session whose call it is."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from aiohttp import WebSocketError, WSCloseCode

from app.application import Application
from app.calls import Calls
from app.organisation import call_key
from app.protocol import Kind, MalformedMessage, Message, decode
from app.server.credentials import ANYBODY, Admitted
from app.server.socket import ControlSocket
from app.session import Session, refuse_account, text_of

log = structlog.get_logger("cordboard.server")

# jambonz closes so when a call is over (1000) or could not be served (1001).
OVER = (1000, 1001)


class Conversation:
    """What a socket says, from its first message to its end; user code never runs in here.

    Attributes:
        session: The call's session; None before the first message.
    """

    __slots__ = (
        "_admitted",
        "_application",
        "_calls",
        "_is_over",
        "_on_begin",
        "_path_params",
        "_receive",
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
        *,
        admitted: Admitted = ANYBODY,
    ) -> None:
        self._admitted = admitted
        self._calls = calls
        self._application = application
        self._path_params = path_params
        self._socket = socket
        self._on_begin = on_begin
        self._is_over = False
        self._receive: Callable[[bytes], object] = self._begin
        self.session: Session | None = None

    def receive(self, data: bytes) -> None:
        """Take one message."""
        self._receive(data)

    def _begin(self, data: bytes) -> None:
        """The first message: it tells whose call it is.

        So are all up to the beginning of a call, where accounts are to be looked at.
        """
        self._on_begin(self._socket)
        try:
            message = decode(data, time.monotonic())
        except MalformedMessage:
            (self.session or self._open(None)).receive(data)  # which logs it
            return
        if self._is_foreign(message):
            refuse_account(self.session or self._join(self._new(message)), message)
            return
        session = self.session or self._open(message)
        session.take(message, data)
        if self._is_bound and session.is_open:
            self._hand_over(session)

    @property
    def _is_bound(self) -> bool:
        """Whether these credentials speak for some accounts only."""
        return bool(self._admitted.account_sids)

    def _is_foreign(self, message: Message) -> bool:
        """Whether it is about a call of an account that these credentials do not speak for."""
        if not self._is_bound:
            return False
        told, live = text_of(message.data, "account_sid"), self._earlier(message)
        concerned = {told} if live is None else {told, live.account_sid}
        return not concerned <= self._admitted.account_sids

    def _earlier(self, message: Message) -> Session | None:
        """The live call that a message is about, if the same organisation has it."""
        return self._calls.by_key(call_key(self._admitted.organisation_id, message.call_sid))

    def _open(self, message: Message | None) -> Session:
        """A known session if jambonz reconnects, else a new one."""
        session = None
        if message is not None and message.kind is Kind.SESSION_RECONNECT:
            session = self._earlier(message)
        # A call in progress keeps the application that it began with, also if that was reloaded.
        if session is None or session.application.path != self._application.path:
            session = self._new(message)
        return self._join(session)

    def _new(self, message: Message | None) -> Session:
        organisation_id = self._admitted.organisation_id
        session = self._calls.open(self._application, self._path_params, organisation_id)
        if message is not None:
            session.identify(message)
        return session

    def _join(self, session: Session) -> Session:
        self.session = session
        session.attach(self._socket)
        if not self._is_bound:
            self._hand_over(session)
        return session

    def _hand_over(self, session: Session) -> None:
        """From now on messages go straight to the session."""
        self._receive = session.receive
        self._socket.hand_over(session.receive)

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
