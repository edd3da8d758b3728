"""The REST API: watch live calls and steer them from outside. See `/openapi.json`."""

from functools import cache
from typing import Final

import orjson
from aiohttp import web

from app.keys import FEED, IDENTITY, SETTINGS, STORE, TWIN_CALLS
from app.rest import accounts, calls, commands, twin
from app.rest.access import ACCESS, Access, require
from app.rest.address import client_address, is_local
from app.rest.api import API_OPERATIONS
from app.rest.attempts import ATTEMPTS, Attempts
from app.rest.body import read_body
from app.rest.elsewhere import Kind, Sought, answer_of_owner, has
from app.rest.events import follow_call
from app.rest.openapi import Way, describe
from app.rest.operation import Operation, misfit
from app.rest.origin import is_own
from app.rest.own import acting, ids_of, key_of, organisation_of
from app.rest.places import place
from app.rest.problems import Handler, Problem, ProblemDocument, problem_middleware
from app.rest.twin import TwinCalls

__all__ = [
    "ACCESS",
    "API_OPERATIONS",
    "OPERATIONS",
    "Access",
    "Kind",
    "Operation",
    "Problem",
    "ProblemDocument",
    "Sought",
    "TwinCalls",
    "acting",
    "answer_of_owner",
    "client_address",
    "has",
    "ids_of",
    "is_local",
    "is_own",
    "key_of",
    "misfit",
    "organisation_of",
    "read_body",
    "require",
    "setup",
    "setup_private",
]

OPERATIONS: Final = (
    calls.list_calls,
    calls.show_call,
    calls.hang_up,
    calls.update_agent,
    commands.send_command,
    follow_call,
    accounts.list_account_calls,
    accounts.show_account_call,
    accounts.count_account_calls,
    accounts.update_call,
    accounts.update_call_by_post,
    accounts.hang_up_account_call,
    twin.start_twin_call,
    twin.list_twin_calls,
    twin.take_twin_step,
)


def setup(app: web.Application, *, access: Access | None = None) -> None:
    """Add the REST API to a server that has its settings, calls and feed.

    Every error that the server answers over HTTP becomes a problem document.

    Args:
        app: The server.
        access: The door; by default as the settings say.
    """
    door = app[ACCESS] = access or Access(app[SETTINGS], identity=app.get(IDENTITY))
    operations = (*OPERATIONS, *API_OPERATIONS) if STORE in app else OPERATIONS
    app[ATTEMPTS] = Attempts(app[SETTINGS])
    app[TWIN_CALLS] = TwinCalls()
    app.middlewares.append(problem_middleware)
    app.on_shutdown.append(_stop_watching)
    app.on_cleanup.append(_let_bus_go)
    ways: tuple[Way, ...] = ("bearer", "session") if STORE in app else ("bearer",)
    text = _described(operations, () if door.is_open else ways)
    app.router.add_get("/openapi.json", _document(text))
    routes = {each.route for each in operations}
    for each in operations:
        resource = app.router.add_resource(place(each.route, routes))
        resource.add_route(each.method, each.handle)
        if each.method == "GET":
            resource.add_route("HEAD", each.handle)
    for route in sorted(routes):
        methods = {each.method for each in operations if each.route == route}
        app.router.add_route("OPTIONS", place(route, routes), _options(methods))


def setup_private(app: web.Application) -> None:
    """Add what another node may ask of this one: all that is about calls that a node holds."""
    for each in (*OPERATIONS, *API_OPERATIONS):
        if each.about is not None:
            app.router.add_route(each.method, each.route, each.handle)
            if each.method == "GET":
                app.router.add_route("HEAD", each.route, each.handle)


def _options(methods: set[str]) -> Handler:
    """Answers what is possible. There is no CORS: the API is not for the pages of other sites."""
    allowed = methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())

    async def options(_request: web.Request) -> web.Response:
        return web.Response(status=204, headers={"Allow": ", ".join(sorted(allowed))})

    return options


@cache
def _described(operations: tuple[Operation, ...], ways: tuple[Way, ...]) -> bytes:
    """The OpenAPI document: a fifth of a second, so once and before calls come."""
    return orjson.dumps(describe(operations, ways=ways))


def _document(text: bytes) -> Handler:
    async def document(_request: web.Request) -> web.Response:
        return web.Response(body=text, content_type="application/json")

    return document


async def _stop_watching(app: web.Application) -> None:
    app[FEED].close()
    await app[TWIN_CALLS].close()


async def _let_bus_go(app: web.Application) -> None:
    await app[ACCESS].close()
    await app[ATTEMPTS].close()
