"""The WebSocket route: from the upgrade to the last message of a call."""

import asyncio
import base64
import binascii
import hmac
from typing import Any, Final

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from app.application import Application
from app.calls import Calls
from app.keys import CALLS, DRAINING, SETTINGS
from app.protocol import Kind, MalformedMessage, decode
from app.server.socket import SUBPROTOCOL, ControlSocket, make_response
from app.session import Session

log = structlog.get_logger("cordboard.server")

# jambonz closes so when a call is over (1000) or could not be served (1001).
OVER = (1000, 1001)
SOCKETS: Final[web.AppKey[set[ControlSocket]]] = web.AppKey("control_sockets")


async def accept(request: web.Request, application: Application[Any, Any]) -> web.StreamResponse:
    """Upgrade, then carry one call's messages until the socket closes."""
    refusal = refuse(request)
    if refusal is not None:
        return refusal
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
    return ws


def refuse(request: web.Request) -> web.Response | None:
    """Why a request is not upgraded: no WebSocket, credentials, subprotocol, or draining."""
    if request.headers.get("Upgrade", "").lower() != "websocket":
        return web.json_response(
            {
                "title": "this is a jambonz application",
                "detail": "connect to it by WebSocket: "
                "put its wss:// URL as the webhook of an application in the jambonz portal",
            },
            status=426,
            headers={"Upgrade": "websocket"},
            content_type="application/problem+json",
        )
    if request.app[DRAINING].is_set():
        return web.Response(status=503, text="this node is shutting down\n")
    if not has_credentials(request):
        log.warning("upgrade_refused", reason="credentials", path=request.path)
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="jambonz"'})
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    if SUBPROTOCOL not in [one.strip() for one in offered.split(",")]:
        log.warning("upgrade_refused", reason="subprotocol", path=request.path)
        return web.Response(
            status=400, text=f"expected the subprotocol {SUBPROTOCOL}, got {offered[:100]!r}\n"
        )
    return None


def has_credentials(request: web.Request) -> bool:
    """Whether the upgrade carries the settings' user and password; compared in constant time."""
    settings = request.app[SETTINGS]
    if not settings.ws_user:
        return True
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True) if scheme.lower() == "basic" else b""
    except binascii.Error:
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
            await socket.closed()
            return
        session = find_session(first, request, application)
        session.attach(socket)
        session.receive(first)
        async for message in ws:
            if message.type is WSMsgType.TEXT or message.type is WSMsgType.BINARY:
                session.receive(message.data)
    except Exception:
        # Our own mistake: this session cannot be trusted any more; the others go on.
        log.exception("session_beyond_repair", call_sid=session.call_sid if session else "")
        socket.close(WSCloseCode.INTERNAL_ERROR, "internal error")
        if session is not None:
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
    return None


def find_session(first: bytes, request: web.Request, application: Application[Any, Any]) -> Session:
    """The session that a socket belongs to: a known one if jambonz reconnects, else a new one."""
    calls = request.app[CALLS]
    path_params = {key: value for key, value in request.match_info.items() if key != "adulting"}
    known = reconnecting(first, calls)
    if known is not None and known.application is application:
        return known
    return calls.open(application, path_params)


def reconnecting(first: bytes, calls: Calls) -> Session | None:
    """The live session that a ``session:reconnect`` names."""
    try:
        message = decode(first, 0.0)
    except MalformedMessage:
        return None
    if message.kind is not Kind.SESSION_RECONNECT:
        return None
    return calls.get(message.call_sid)


def report_loss(session: Session, socket: ControlSocket, ws: web.WebSocketResponse) -> None:
    """Tell the session that its socket is gone, and what the close code says of the call."""
    code = ws.close_code
    ours = socket.close_code
    is_over = ours in OVER if ours is not None else code in OVER
    session.lost(socket, cleanly=code not in (None, 1006), is_over=is_over)
