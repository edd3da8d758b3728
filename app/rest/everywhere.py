"""What all nodes hold: each is asked, at the same time, and what they tell is put together.

A node that does not answer makes the whole answer a problem: a list in which calls are missing
looks like one that is complete, and whoever reads it would believe that they are over.
"""

import asyncio
from typing import TypeVar
from urllib.parse import urlencode

import aiohttp
import structlog
from aiohttp import web
from pydantic import BaseModel, TypeAdapter

from app.bus import BusUnavailable, Node
from app.keys import PASS, PEERS
from app.logs import Event
from app.peers import ANSWER_SECONDS, PeerError, Peers
from app.rest.elsewhere import incomplete, no_bus, pass_of

__all__ = ["listed_elsewhere", "told_elsewhere"]

T = TypeVar("T")

log = structlog.get_logger()


async def listed_elsewhere(
    request: web.Request, route: str, query: BaseModel | None, kind: TypeAdapter[list[T]]
) -> list[T]:
    """What the other nodes list, for whoever asks; nothing where another node asks.

    Args:
        request: One that was let in.
        route: Where they list it.
        query: Which of it.
        kind: Reads a list of theirs.

    Raises:
        Problem: 503 where one of them does not answer, or nobody knows who they are.
    """
    given = query.model_dump(by_alias=True, exclude_none=True) if query is not None else {}
    path = f"{route}?{urlencode(given)}" if given else route
    return [one for of_a_node in await told_elsewhere(request, path, kind) for one in of_a_node]


async def told_elsewhere(request: web.Request, path: str, kind: TypeAdapter[T]) -> list[T]:
    """The answer of each other node, for whoever asks; none where another node asks.

    Raises:
        Problem: 503 where one of them does not answer, or nobody knows who they are.
    """
    peers = request.app.get(PEERS)
    if peers is None or PASS in request:
        return []
    try:
        nodes = await peers.others()
    except BusUnavailable as error:
        raise no_bus(error) from None
    bodies = await asyncio.gather(*(_ask(request, peers, node, path) for node in nodes))
    told = [body for body in bodies if body is not None]
    if len(told) < len(nodes):
        raise incomplete(len(nodes) - len(told), len(nodes))
    return [kind.validate_json(body) for body in told]


async def _ask(request: web.Request, peers: Peers, node: Node, path: str) -> bytes | None:
    """What a node answers; None where it does not, or something else."""
    try:
        async with (
            asyncio.timeout(ANSWER_SECONDS),
            peers.ask(node, "GET", path, given=pass_of(request), within=None) as answer,
        ):
            if answer.ok:
                return await answer.read()
            reason = f"it answers {answer.status}: {await answer.text()}"[:500]
    except (PeerError, aiohttp.ClientError, TimeoutError) as error:
        reason = str(error) or repr(error)
    log.warning(Event.PEER_SILENT, node=node.id, reason=reason)
    return None
