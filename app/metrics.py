"""Health and metrics over HTTP: `/livez`, `/readyz`, and `/metrics` for Prometheus."""

import asyncio
import time
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from app.counters import Counters
from app.keys import COUNTERS, DRAINING, KEEPER, LEAVING
from app.organisation import DEFAULT_ORGANISATION
from app.rest import ACCESS, Problem, is_local
from app.rest.problems import HEADERS, Handler
from app.tally import OTHER

__all__ = ["setup"]

METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
NO_ROUTE: Final = "none"


def setup(app: web.Application) -> None:
    """Add the routes, and count every request; comes after `rest.setup`."""
    if COUNTERS not in app:
        app[COUNTERS] = Counters()
    for key in (LEAVING, DRAINING):
        if key not in app:
            app[key] = asyncio.Event()
    app.middlewares.insert(0, count_requests)
    app.router.add_get("/livez", live)
    app.router.add_get("/readyz", ready)
    app.router.add_get("/metrics", metrics)


async def live(_request: web.Request) -> web.Response:
    """The process runs: 200 as long as it can answer at all."""
    return web.json_response({"status": "alive"}, headers=HEADERS)


async def ready(request: web.Request) -> web.Response:
    """Whether new calls are welcome: 200, or 503 while the server drains.

    They are also while the bus is away, which is told.
    """
    if request.app[LEAVING].is_set() or request.app[DRAINING].is_set():
        raise Problem(503, "The server is shutting down and takes no new calls.", kind="draining")
    keeper = request.app.get(KEEPER)
    away = {"bus": "away"} if keeper is not None and keeper.is_away else {}
    return web.json_response({"status": "ready", **away}, headers=HEADERS)


async def metrics(request: web.Request) -> web.Response:
    """All counters of the node; without a key only for this machine.

    They tell of all organisations, so they are for who runs the server.
    """
    if not is_local(request):
        principal = await request.app[ACCESS].admit(request)
        if principal.organisation_id != DEFAULT_ORGANISATION:
            reason = "These are the counters of the whole node, for a key of its own settings."
            raise Problem(403, reason, kind="not-allowed", title="Not allowed")
    text = request.app[COUNTERS].write()
    return web.Response(body=text, headers={**HEADERS, "Content-Type": CONTENT_TYPE_LATEST})


@web.middleware
async def count_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count a request by its route's template and status."""
    begun, status, is_stream = time.perf_counter(), 500, False
    try:
        response = await handler(request)
        status, is_stream = response.status, not isinstance(response, web.Response)
    except web.HTTPException as error:
        status = error.status
        raise
    finally:
        method = request.method if request.method in METHODS else OTHER
        seconds = None if is_stream else time.perf_counter() - begun
        request.app[COUNTERS].request_served(method, _route(request), status, seconds)
    return response


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return NO_ROUTE if resource is None else resource.canonical
