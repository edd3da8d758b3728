"""The twin calls of this server: a few at once, each of them somebody's who listens to it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Final, cast

from aiohttp import web

from app.keys import NODE, SETTINGS, SWITCHBOARD, WS_USERS
from app.organisation import DEFAULT_ORGANISATION, call_key
from app.rest.address import is_local
from app.rest.own import organisation_of
from app.rest.problems import Problem, no_such_call
from app.rest.twin.models import TwinBody

if TYPE_CHECKING:
    from app.rest.twin.playing import Playing

__all__ = ["TwinCalls"]

MOST: Final = 16

Credentials = tuple[str, str] | None
"""User name and password; None where nobody is asked for any."""


class TwinCalls:
    """Starts twin calls, and ends each with whoever started it."""

    def __init__(self) -> None:
        self._playing: set[Playing] = set()
        self._ending: set[asyncio.Task[None]] = set()

    def of(self, organisation_id: str) -> "list[Playing]":
        """Those of an organisation that have begun."""
        own = [one for one in self._playing if one.organisation_id == organisation_id]
        return [playing for playing in own if playing.has_begun]

    def __len__(self) -> int:
        """Those that take a place: from the dialling until all is released."""
        return len(self._playing)

    def has(self, key: str) -> bool:
        """Whether one has begun that would be kept by this key; see `call_key`."""
        begun = (one for one in self._playing if one.has_begun)
        return any(call_key(one.organisation_id, one.call_sid) == key for one in begun)

    def find(self, organisation_id: str, call_sid: str) -> "Playing":
        """The twin call of an organisation that has that id.

        Raises:
            Problem: 404.
        """
        found = next((one for one in self.of(organisation_id) if one.call_sid == call_sid), None)
        if found is None:
            raise no_such_call(f"There is no twin call {call_sid!r} that goes on.")
        return found

    @asynccontextmanager
    async def call(self, request: web.Request, order: TwinBody) -> "AsyncIterator[Playing]":
        """Call an application of this server; hangs up at the end of the block.

        Raises:
            Problem: 403, 404, 409, 422 or 429: the call does not come about.
        """
        require_allowed(request)
        require_known(request, order.application)
        if len(self._playing) >= MOST:
            text = f"{MOST} twin calls go on already; end one first."
            raise Problem(429, text, kind="too-many-twin-calls", headers={"Retry-After": "5"})
        make = cast("type[Playing]", (await _room()).Playing)
        with credentials_for(request) as credentials:
            playing = make(order, request, own_address(request), credentials)
            self._playing.add(playing)
            try:
                await playing.begin()
                yield playing
            finally:
                # In a task of its own: whoever listened may be gone, and cancelled.
                ending = asyncio.create_task(self._end(playing))
                self._ending.add(ending)
                ending.add_done_callback(self._ending.discard)
                await asyncio.shield(ending)

    async def _end(self, playing: "Playing") -> None:
        try:
            await playing.close()
        finally:
            self._playing.discard(playing)

    async def close(self) -> None:
        """End all, as at a shutdown."""
        await asyncio.gather(*(playing.close() for playing in self._playing))
        await asyncio.gather(*self._ending)


async def _room() -> ModuleType:
    """What plays the calls: the twin is imported when it is first asked for, beside the loop."""
    return await asyncio.to_thread(import_module, "app.rest.twin.playing")


def require_allowed(request: web.Request) -> None:
    """Twin calls are for development: from this machine, or where the settings say so.

    Raises:
        Problem: 403.
    """
    if not (is_local(request) or request.app[SETTINGS].twin):
        raise Problem(
            403,
            "Twin calls are made from this machine only, and not by way of a proxy, unless the "
            "server is started with CORDBOARD_TWIN=1.",
            kind="twin-not-allowed",
        )


def require_known(request: web.Request, application: str) -> None:
    """An application must answer there; the paths are told where none does.

    Raises:
        Problem: 404.
    """
    switchboard, own = request.app[SWITCHBOARD], organisation_of(request)
    if switchboard.find(application.partition("?")[0], own) is None:
        paths = ", ".join(one.path for one in switchboard.answering(own))
        advice = f"no application answers there; expected one of {paths or 'none'}"
        raise Problem(
            404,
            f"Application: {advice}.",
            kind="no-such-application",
            title="No such application",
            errors=[("application", advice)],
        )


@contextmanager
def credentials_for(request: web.Request) -> Iterator[Credentials]:
    """By which the twin dials for whoever asks: those of the settings, or lent ones."""
    settings, own = request.app[SETTINGS], organisation_of(request)
    if own != DEFAULT_ORGANISATION:
        with request.app[WS_USERS].lend(own) as lent:
            yield lent
    elif settings.ws_user and settings.ws_password:
        yield settings.ws_user, settings.ws_password.get_secret_value()
    else:
        yield None


def own_address(request: web.Request) -> str:
    """Where this server listens, as a WebSocket URL: the address that the request came to.

    With several processes on one port another one might answer there.
    """
    if NODE in request.app and request.app[NODE].door:
        return request.app[NODE].door
    assert request.transport is not None
    host, port = request.transport.get_extra_info("sockname")[:2]
    is_secure = request.transport.get_extra_info("ssl_object") is not None
    return f"{'wss' if is_secure else 'ws'}://{f'[{host}]' if ':' in host else host}:{port}"
