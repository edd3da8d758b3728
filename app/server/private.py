"""The private port: where the other nodes of a cluster ask this one, and nobody else should.

It tells of the health of this very node, which the port that all workers share cannot, and takes
what is about calls that this node holds. All but health needs a pass of another node.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from http import HTTPStatus
from typing import Final, get_args

import structlog
from aiohttp import web

from app import mcp_server, metrics, rest
from app.bus import Bus
from app.keys import BUS, CALLS, NODE, PASS, PEERS, RECORDER, SETTINGS
from app.logs import Event, pii
from app.peers import PASS_HEADER, BadPass, Passes, Peers, ThisNode
from app.rest import Kind, Problem, Sought, has, require
from app.rest.problems import Handler, problem_middleware
from app.settings import Settings
from app.vault import Vault

__all__ = ["setup_node"]

HEALTH: Final = frozenset({"/livez", "/readyz", "/metrics"})
HANDED_OVER: Final = 204
# What is left of the time for a call to go when its tools have had theirs.
TO_WRITE: Final = 0.5
LONGEST_GRACE: Final = 1.5

log = structlog.get_logger("cordboard.server")


def setup_node(web_app: web.Application, bus: Bus, vault: Vault) -> None:
    """Let a server be a node of those that share a bus; with a private port if there may be others.

    Comes before what tells the others of this node, so that the port is open by then. One that is
    alone asks the bus, too: it may have had calls in an earlier life, which come back soon.
    """
    web_app[BUS] = bus
    web_app[NODE] = ThisNode()
    web_app[PEERS] = Peers(bus, web_app[NODE], Passes(vault))
    if web_app[SETTINGS].is_clustered:
        web_app.cleanup_ctx.append(keep_private_port)
    web_app.on_cleanup.append(leave_peers)


async def keep_private_port(web_app: web.Application) -> AsyncIterator[None]:
    """Listen from before the others are told until after the last call is gone."""
    settings = web_app[SETTINGS]
    runner = web.AppRunner(private_application(web_app), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, settings.node_host, settings.node_port).start()
    web_app[NODE].address = address_of(settings, runner.addresses[0][1])
    try:
        yield
    finally:
        await runner.cleanup()


async def leave_peers(web_app: web.Application) -> None:
    """Ask nobody any more."""
    await web_app[PEERS].close()


def address_of(settings: Settings, port: int) -> str:
    """How other nodes reach a port of this one."""
    if settings.node_url is not None and settings.worker is None:
        return settings.node_url
    host = settings.node_host.strip("[]")
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def private_application(web_app: web.Application) -> web.Application:
    """What the private port serves: parts of a server, which share all that it has."""
    private = web.Application(middlewares=[check_pass])
    for key, value in web_app.items():
        private[key] = value
    private.middlewares.insert(0, problem_middleware)
    metrics.setup(private)
    rest.setup_private(private)
    mcp_server.setup_private(private)
    private.router.add_post("/node/calls/{key}/hand-over", hand_over)
    private.router.add_get(f"/node/{{kind:{'|'.join(get_args(Kind))}}}/{{key}}", tell_whether_here)
    private.router.add_post("/node/forget", forget_number)
    return private


@web.middleware
async def check_pass(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let through what another node asks, and who asks for health."""
    if request.path not in HEALTH:
        try:
            request[PASS] = request.app[PEERS].passes.read(
                request.headers.get(PASS_HEADER, ""),
                node_id=request.app[NODE].id,
                method=request.method,
                path=request.path_qs,
            )
        except BadPass as error:
            log.warning(Event.PASS_REFUSED, reason=str(error), **pii(address=request.remote))
            raise Problem(401, f"This port is for other nodes: {error}.", kind="bad-pass") from None
    return await handler(request)


async def tell_whether_here(request: web.Request) -> web.Response:
    """Whether this node holds what a key stands for: 204 or 404."""
    kind: Kind = request.match_info["kind"]  # type: ignore[assignment]  # by the route
    is_here = has(request.app, Sought(request.match_info["key"], kind))
    return web.Response(status=HTTPStatus.NO_CONTENT if is_here else HTTPStatus.NOT_FOUND)


async def hand_over(request: web.Request) -> web.Response:
    """Let a call go to the node that asks, to which jambonz has come with it."""
    runtime = request.app[CALLS].runtime
    session = request.app[CALLS].by_key(request.match_info["key"])
    if session is None or runtime.keeper is None:
        raise Problem(404, "This node has no such call to hand over.", kind="no-such-call")
    await runtime.keeper.hand_over(session, grace=_grace(request))
    if request.app[CALLS].by_key(session.key) is session:
        raise Problem(409, "The call stays: what it needs could not be written.", kind="call-stays")
    return web.Response(status=HANDED_OVER)


async def forget_number(request: web.Request) -> web.Response:
    """Record no more of what a number takes part in, in calls of the organisation that asks."""
    principal = request[PASS].principal
    if principal is None:
        raise Problem(403, "Expected a pass that says on whose behalf.", kind="not-allowed")
    require(principal, "records:write")
    number = str((await request.json())["number"])
    if (recorder := request.app.get(RECORDER)) is not None:
        await recorder.forget(principal.organisation_id, number)
    return web.Response(status=HTTPStatus.NO_CONTENT)


def _grace(request: web.Request) -> float:
    """How long the tools of the call may take to end: what the other node waits, but for a bit."""
    within = 0.0
    with suppress(ValueError):
        within = float(request.query.get("within", "0"))
    return max(0.0, min(within - TO_WRITE, LONGEST_GRACE))
