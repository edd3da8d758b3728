"""Requests about a call that another node holds: sent on to it whole, and its answer given back.

Who asks was let in here, and there by a pass that says who it is; what may be asked, and what is
answered, is decided where the call is. A request that was sent on is never sent on again.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Literal
from urllib.parse import quote

import structlog
from aiohttp import web

from app.bus import BusUnavailable, Node
from app.keys import CALLS, FEED, PASS, PEERS, PRINCIPAL, SETTINGS, TWIN_CALLS
from app.logs import Event
from app.organisation import call_key
from app.peers import ANSWER_SECONDS, NoAnswer, NotReached, Pass, PeerError, Peers
from app.rest.address import is_local
from app.rest.body import read_body
from app.rest.problems import Problem
from app.rest.relay import headers_of, relay

__all__ = ["Sought", "answer_of_owner", "has", "incomplete", "no_bus", "pass_of"]

SAFE: Final = frozenset({"GET", "HEAD"})

# The caller of a twin call may be told to be silent for ten minutes.
PATIENCE: Final[Mapping[str, float]] = {"twin-calls": 660.0}

Kind = Literal["calls", "legs", "twin-calls", "records"]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sought:
    """What a request is about.

    Attributes:
        key: What nodes keep it by.
        kind: A call; a call or a leg of one; a call that the twin makes, of which only the node
            knows that plays it; or the record of a call, which all nodes have, and the one that has
            the call has it to the moment.
    """

    key: str
    kind: Kind = "calls"


class _Misdirected(Exception):
    """The node that was asked has no such call any more."""


def has(web_app: web.Application, sought: Sought) -> bool:
    """Whether this node has it, or had it until a moment ago and can still tell."""
    if sought.kind == "twin-calls":
        return web_app[TWIN_CALLS].has(sought.key)
    calls = web_app[CALLS]
    if calls.by_key(sought.key) is not None or web_app[FEED].has_ended(sought.key):
        return True
    return sought.kind == "legs" and any(
        call_key(one.organisation_id, leg) == sought.key
        for one in calls
        for leg in one.child_call_sids
    )


async def answer_of_owner(
    request: web.Request,
    sought: Sought,
    *,
    body: bytes | None = None,
    within: float | None = ANSWER_SECONDS,
) -> web.StreamResponse | None:
    """What the node answers that has the call; None where the request is to be answered here.

    Args:
        request: One that was let in.
        sought: What it is about.
        body: Of the request, where it was read already.
        within: Seconds until the answer; None for what takes as long as it takes.

    Raises:
        Problem: 503 where the call is moving, its node is gone, or nobody knows; 504 where its node
            may have done what was asked, or may not.
    """
    peers = request.app.get(PEERS)
    if peers is None:
        return None
    if has(request.app, sought):
        if sought.kind in ("calls", "legs") and _is_doubtful(request.app):
            raise _moving()
        return None
    if sought.kind == "records":
        return await _newest(request, peers, sought)
    if PASS in request:
        raise _not_here()
    within = PATIENCE.get(sought.kind, within)
    is_written = sought.kind == "calls" and request.app[SETTINGS].checkpoints
    tried: Node | None = None
    for _ in range(2):
        node = await _find(peers, sought, is_written=is_written)
        if node is None:
            return None
        if tried is not None and node.id == tried.id:
            break
        body = await read_body(request) if body is None else body
        try:
            return await _forward(request, peers, node, body, within)
        except _Misdirected:
            tried = node
    raise _moving()


def _is_doubtful(web_app: web.Application) -> bool:
    """Whether this node was frozen, and has not looked yet which of its calls others have taken."""
    keeper = web_app[CALLS].runtime.keeper
    return keeper is not None and not keeper.is_certain(time.monotonic())


async def _newest(request: web.Request, peers: Peers, sought: Sought) -> web.StreamResponse | None:
    """What the node tells that has the call; None where there is none, or it does not answer."""
    with suppress(BusUnavailable, _Misdirected, Problem):
        owner = None if PASS in request else await peers.bus.owner(sought.key)
        if owner is not None and owner.node is not None and owner.node_id != peers.here.id:
            return await _forward(request, peers, owner.node, b"", ANSWER_SECONDS)
    return None


async def _find(peers: Peers, sought: Sought, *, is_written: bool) -> Node | None:
    """The node that has it; None where nobody has.

    Args:
        peers: Whom to ask.
        sought: What is looked for.
        is_written: Whether the bus has the word: it would have a row if there were one.

    Raises:
        Problem: 503.
    """
    try:
        owner = None if sought.kind == "twin-calls" else await peers.bus.owner(sought.key)
        if owner is None:
            return await _ask_all(peers, sought, is_written=is_written)
    except BusUnavailable as error:
        raise no_bus(error) from None
    if owner.node_id == peers.here.id:
        raise _moving()
    if owner.node is None:
        raise _gone()
    return owner.node


async def _ask_all(peers: Peers, sought: Sought, *, is_written: bool) -> Node | None:
    """Who has what is not written down: a leg, a twin call, a call that began just now or ended."""
    nodes = await peers.others()
    path = f"/node/{sought.kind}/{quote(sought.key, safe='')}"
    answers = await asyncio.gather(*(_ask_one(peers, node, path) for node in nodes))
    for node, status in zip(nodes, answers, strict=True):
        if status == HTTPStatus.NO_CONTENT:
            return node
    # A call that is long enough under way to be asked about is written down, where any is.
    if not is_written and any(status is None for status in answers):
        raise incomplete(answers.count(None), len(nodes))
    return None


async def _ask_one(peers: Peers, node: Node, path: str) -> int | None:
    try:
        async with peers.ask(node, "GET", path, given=Pass()) as answer:
            return answer.status
    except PeerError as error:
        log.warning(Event.PEER_SILENT, node=node.id, reason=str(error))
        return None


def pass_of(request: web.Request) -> Pass:
    """On whose behalf another node is asked: of whoever was let in here, if anybody had to be."""
    return Pass(request.get(PRINCIPAL), is_local(request))


async def _forward(
    request: web.Request, peers: Peers, node: Node, body: bytes, within: float | None
) -> web.StreamResponse:
    asking = peers.ask(
        node,
        request.method,
        request.path_qs,
        given=pass_of(request),
        headers=headers_of(request),
        body=body or None,
        within=within,
    )
    try:
        async with asking as answer:
            if answer.status == HTTPStatus.MISDIRECTED_REQUEST:
                raise _Misdirected
            if answer.status == HTTPStatus.UNAUTHORIZED:
                raise NotReached(f"node {node.id} does not know us: {await answer.text()}")
            return await relay(request, answer, within)
    except NotReached as error:
        log.warning(Event.PEER_SILENT, node=node.id, reason=str(error))
        raise _gone() from None
    except NoAnswer as error:
        log.warning(Event.PEER_SILENT, node=node.id, reason=str(error))
        raise (_gone() if request.method in SAFE else _unknown()) from None


def no_bus(error: BusUnavailable) -> Problem:
    """Nobody can tell which node has what."""
    log.warning(Event.BUS_UNAVAILABLE, reason=str(error))
    return _later(
        "Which node has what cannot be looked up now; calls that go on are not touched, and those "
        "of the node that was asked can be reached. Try again soon.",
        "bus-unavailable",
        "Nodes unknown",
        2,
    )


def incomplete(silent: int, nodes: int) -> Problem:
    """Some nodes did not answer, so that what the others say may not be all."""
    return _later(
        f"{silent} of {nodes} other nodes did not answer, so that nobody can say for sure.",
        "nodes-silent",
        "Not all nodes answer",
        2,
    )


def _moving() -> Problem:
    return _later(
        "The call is moving to another node; try again in a moment.", "call-moving", "Moving", 1
    )


def _gone() -> Problem:
    return _later(
        "The node that had the call does not answer: nothing was done. jambonz brings a call that "
        "goes on to another node within seconds. Try again soon.",
        "owner-gone",
        "Node is gone",
        2,
    )


def _later(detail: str, kind: str, title: str, seconds: int) -> Problem:
    headers = {"Retry-After": str(seconds)}
    return Problem(503, detail, kind=kind, title=title, headers=headers)


def _unknown() -> Problem:
    detail = (
        "The node that has the call was asked and did not answer: what was asked may have been "
        "done, or not. Look at the call before you ask again."
    )
    return Problem(504, detail, kind="outcome-unknown", title="Outcome unknown")


def _not_here() -> Problem:
    return Problem(421, "This node has no such call.", kind="not-here", title="Not here")
