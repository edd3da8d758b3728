"""The WebSocket route of aiohttp: from the upgrade to the last message of a call.

It serves where :mod:`~app.server.direct` cannot, and it is where upgrades are refused.
"""

from typing import Any

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from app.application import Application
from app.keys import CALLS, COUNTERS, DRAINING, SETTINGS, SWITCHBOARD, WS_USERS
from app.organisation import DEFAULT_ORGANISATION
from app.rest import Problem
from app.server.conversation import Conversation
from app.server.credentials import Admitted, admit
from app.server.lookout import LOOKOUT
from app.server.routes import Found
from app.server.socket import SUBPROTOCOL, ResponseSocket, is_utf8, make_response

CLIENT_GONE = 499

log = structlog.get_logger("cordboard.server")


async def accept(request: web.Request, application: Application[Any, Any]) -> web.StreamResponse:
    """Upgrade, then carry one call's messages until the socket closes."""
    who = admitted_of(request)
    application, path_params = answering(request, application, who)
    admitted = check(request, who)
    settings, lookout = request.app[SETTINGS], request.app[LOOKOUT]
    ws = make_response(ping_interval=settings.ping_interval, max_message=settings.max_message)
    try:
        await ws.prepare(request)
    except ConnectionError:
        return web.Response(status=CLIENT_GONE)  # for the counters: nobody reads it
    assert request.transport is not None
    socket = ResponseSocket(ws, request.transport)
    conversation = Conversation(
        request.app[CALLS], application, path_params, socket, lookout.heard, admitted=admitted
    )
    lookout.watch(socket, request.path)
    try:
        await converse(ws, socket, conversation)
    finally:
        lookout.forget(socket)
        socket.leave()
    return ws


def admitted_of(request: web.Request) -> Admitted | None:
    """Who asks, by the credentials of the request."""
    header, app = request.headers.get("Authorization", ""), request.app
    return admit(header, app[SETTINGS], app[WS_USERS])


def answering(
    request: web.Request, application: Application[Any, Any], admitted: Admitted | None
) -> Found:
    """What answers whoever asks: another organisation than the default one has shared ones only.

    Raises:
        web.HTTPNotFound: As where there is nothing on that path.
    """
    if admitted is None or admitted.organisation_id == DEFAULT_ORGANISATION:
        names = request.match_info.items()
        return application, {name: value for name, value in names if name != "adulting"}
    path = request.rel_url.path_safe
    found = request.app[SWITCHBOARD].find(path, admitted.organisation_id)
    if found is None:
        raise web.HTTPNotFound
    return found[0], {name: unquoted(value) for name, value in found[1].items()}


def unquoted(value: str) -> str:
    """A part of a path, which holds only these two in quotes."""
    return value.replace("%2F", "/").replace("%25", "%")


def check(request: web.Request, admitted: Admitted | None) -> Admitted:
    """Refuse what cannot be upgraded.

    Raises:
        Problem: No WebSocket, no credentials, another subprotocol, too many sockets, or the node
            is draining.
    """
    counters = request.app[COUNTERS]
    if request.headers.get("Upgrade", "").strip().lower() != "websocket":
        raise Problem(
            426,
            "This is a jambonz application: put its wss:// address as the webhook of an "
            "application in the jambonz portal.",
            headers={"Upgrade": "websocket"},
        )
    if request.app[DRAINING].is_set():
        counters.call_refused("draining")
        raise Problem(503, "This node is shutting down and takes no new calls.", kind="draining")
    if admitted is None:
        log.warning("upgrade_refused", reason="credentials", path=request.path)
        counters.call_refused("credentials")
        raise Problem(
            401,
            "Give the application's webhook in the jambonz portal the user name and password "
            "that CORDBOARD_WS_USER and CORDBOARD_WS_PASSWORD say, or those of a WebSocket "
            "credential of your organisation.",
            headers={"WWW-Authenticate": 'Basic realm="jambonz"'},
        )
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    if SUBPROTOCOL not in [one.strip() for one in offered.split(",")]:
        log.warning("upgrade_refused", reason="subprotocol", path=request.path)
        counters.call_refused("subprotocol")
        raise Problem(400, f"Expected the subprotocol {SUBPROTOCOL}, got {offered[:100]!r}.")
    if request.app[LOOKOUT].is_crowded:
        log.warning("upgrade_refused", reason="silent_sockets", path=request.path)
        counters.call_refused("silent_sockets")
        raise Problem(
            503,
            "Too many sockets wait for a first message (CORDBOARD_MAX_SILENT_SOCKETS).",
            headers={"Retry-After": "1"},
        )
    return admitted


async def converse(
    ws: web.WebSocketResponse, socket: ResponseSocket, conversation: Conversation
) -> None:
    """Hand over every message; user code never runs in here."""
    try:
        async for message in ws:
            if message.type is WSMsgType.TEXT and not is_utf8(message.data):
                socket.close(WSCloseCode.INVALID_TEXT, "invalid UTF-8")
            elif message.type is WSMsgType.TEXT or message.type is WSMsgType.BINARY:
                conversation.receive(message.data)
            else:
                conversation.refuse(message.data)
    except ConnectionError:
        await ws.close()  # aiohttp has answered a ping of who was gone by then, and gave up
    except Exception:
        conversation.break_off()
    finally:
        socket.all_is_read()
        await socket.closed()
        conversation.over(ws.close_code)
