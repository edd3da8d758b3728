"""The WebSocket route: from the upgrade to the last message of a call."""

import asyncio
import base64
import hmac
from typing import Any, Final

import structlog
from aiohttp import WebSocketError, WSCloseCode, WSMsgType, web

from app.application import Application
from app.keys import CALLS, DRAINING, SETTINGS
from app.protocol import MAX_ID, Kind, MalformedMessage, Message, decode
from app.rest import Problem
from app.server.socket import SUBPROTOCOL, ControlSocket, make_response
from app.session import Session

log = structlog.get_logger("cordboard.server")

# jambonz closes so when a call is over (1000) or could not be served (1001).
OVER = (1000, 1001)
SOCKETS: Final[web.AppKey[set[ControlSocket]]] = web.AppKey("control_sockets")


async def accept(request: web.Request, application: Application[Any, Any]) -> web.StreamResponse:
    """Upgrade, then carry one call's messages until the socket closes."""
    check(request)
    settings = request.app[SETTINGS]
    ws = make_response(ping_interval=settings.ping_interval, max_message=settings.max_message)
    await ws.prepare(request)
    assert request.transport is not None
    socket = ControlSocket(ws, request.transport)
    request.app[SOCKETS].add(socket)
    try:
        await converse(ws, socket, request, application)
    finally:
        request.app[SOCKETS].discard(socket)
        socket.leave()
    return ws


def check(request: web.Request) -> None:
    """Refuse what cannot be upgraded.

    Raises:
        Problem: No WebSocket, no credentials, another subprotocol, or the node is draining.
    """
    if request.headers.get("Upgrade", "").strip().lower() != "websocket":
        raise Problem(
            426,
            "This is a jambonz application: put its wss:// address as the webhook of an "
            "application in the jambonz portal.",
            headers={"Upgrade": "websocket"},
        )
    if request.app[DRAINING].is_set():
        raise Problem(503, "This node is shutting down and takes no new calls.", kind="draining")
    if not has_credentials(request):
        log.warning("upgrade_refused", reason="credentials", path=request.path)
        raise Problem(
            401,
            "Give the application's webhook in the jambonz portal the user name and password "
            "that CORDBOARD_WS_USER and CORDBOARD_WS_PASSWORD say.",
            headers={"WWW-Authenticate": 'Basic realm="jambonz"'},
        )
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    if SUBPROTOCOL not in [one.strip() for one in offered.split(",")]:
        log.warning("upgrade_refused", reason="subprotocol", path=request.path)
        raise Problem(400, f"Expected the subprotocol {SUBPROTOCOL}, got {offered[:100]!r}.")


def has_credentials(request: web.Request) -> bool:
    """Whether the upgrade carries the settings' user and password; compared in constant time."""
    settings = request.app[SETTINGS]
    if not settings.ws_user:
        return True
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True) if scheme.lower() == "basic" else b""
    except ValueError:
        given = b""
    password = settings.ws_password.get_secret_value() if settings.ws_password else ""
    return hmac.compare_digest(given, f"{settings.ws_user}:{password}".encode())


async def converse(
    ws: web.WebSocketResponse,
    socket: ControlSocket,
    request: web.Request,
    application: Application[Any, Any],
) -> None:
    """Hand every message to the session whose call it is; user code never runs in here."""
    session: Session | None = None
    try:
        first = await first_message(ws, request)
        if first is None:
            socket.close(WSCloseCode.POLICY_VIOLATION, "no message in time")
            return
        session = find_session(first, request, application)
        session.attach(socket)
        session.receive(first)
        async for message in ws:
            if message.type is WSMsgType.TEXT or message.type is WSMsgType.BINARY:
                session.receive(message.data)
            else:
                report_refused(message.data)
    except Exception:
        # Our own mistake: this session cannot be trusted any more; the others go on.
        socket.close(WSCloseCode.INTERNAL_ERROR, "internal error")
        if session is None:
            log.exception("session_beyond_repair")
        else:
            session.log.exception("session_beyond_repair")
            session.end("internal error")
    finally:
        await socket.closed()
        if session is not None:
            report_loss(session, socket, ws)


async def first_message(ws: web.WebSocketResponse, request: web.Request) -> bytes | None:
    """The first text frame; None when none comes in time or the socket closes."""
    try:
        async with asyncio.timeout(request.app[SETTINGS].first_message_timeout):
            message = await ws.receive()
    except TimeoutError:
        log.warning("no_first_message", path=request.path)
        return None
    if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
        data: bytes = message.data
        return data
    report_refused(message.data)
    return None


def report_refused(error: object) -> None:
    """Log a frame that is too large or breaks the WebSocket protocol: its socket is closed."""
    if isinstance(error, WebSocketError):
        log.error(
            "message_refused",
            code=error.code,
            reason=str(error),
            advice="jambonz redials; CORDBOARD_MAX_MESSAGE bounds what is taken",
        )


def find_session(first: bytes, request: web.Request, application: Application[Any, Any]) -> Session:
    """The session that a socket belongs to: a known one if jambonz reconnects, else a new one."""
    calls = request.app[CALLS]
    path_params = {key: value for key, value in request.match_info.items() if key != "adulting"}
    try:
        message = decode(first, 0.0)
    except MalformedMessage:
        return calls.open(application, path_params)  # which logs it
    structlog.contextvars.bind_contextvars(**ids_of(message))
    known = calls.get(message.call_sid) if message.kind is Kind.SESSION_RECONNECT else None
    if known is not None and known.application.path == application.path:
        return known
    return calls.open(application, path_params)


def ids_of(message: Message) -> dict[str, str]:
    """What every line that is logged for a call carries, an author's own lines included."""
    ids = {"call_sid": message.call_sid}
    for name in ("account_sid", "trace_id"):
        value = message.data.get(name)
        ids[name] = value[:MAX_ID] if isinstance(value, str) else ""
    return ids


def report_loss(session: Session, socket: ControlSocket, ws: web.WebSocketResponse) -> None:
    """Tell the session that its socket is gone, and what the close code says of the call."""
    if socket.unread:
        session.log.error("client_not_reading", unread=socket.unread)
    code = ws.close_code
    ours = socket.close_code
    is_over = ours in OVER if ours is not None else code in OVER
    session.lost(socket, cleanly=code not in (None, 1006), is_over=is_over, code=ours or code)
