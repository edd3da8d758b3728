"""What belongs to whoever asks: the live calls of their organisation, as if there were no others.

Whatever a request names is looked for here and nowhere else, so that what another organisation has
is as unknown as what nobody has.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from app.keys import CALLS, PRINCIPAL
from app.organisation import call_key
from app.session.actor import ACTOR

if TYPE_CHECKING:
    from app.calls import Calls

__all__ = ["acting", "calls_of", "ids_of", "key_of", "organisation_of"]

CALL_IDS = ("call_sid", "account_sid", "trace_id")


def organisation_of(request: web.Request) -> str:
    """For which organisation a request that was let in asks."""
    return request[PRINCIPAL].organisation_id


def calls_of(request: web.Request) -> "Calls":
    """The live calls of that organisation."""
    return request.app[CALLS].within(organisation_of(request))


def key_of(request: web.Request, call_sid: str) -> str:
    """What this node, and its feed, keeps a call of that organisation by."""
    return call_key(organisation_of(request), call_sid)


def ids_of(request: web.Request, call_sid: object) -> dict[str, str]:
    """The ids of a live call, for what is logged about it; none where there is no such call."""
    if not isinstance(call_sid, str) or PRINCIPAL not in request:
        return {}
    session = calls_of(request).get(call_sid)
    return {} if session is None else {name: getattr(session, name) for name in CALL_IDS}


@contextmanager
def acting(request: web.Request) -> Iterator[None]:
    """Whatever is asked of a call within is asked on behalf of who sent the request."""
    if PRINCIPAL not in request:
        yield
        return
    token = ACTOR.set(request[PRINCIPAL].actor)
    try:
        yield
    finally:
        ACTOR.reset(token)
