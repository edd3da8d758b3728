"""What all nodes hold: each is asked, at the same time, and what they tell is put together.

A node that does not answer makes the whole answer a problem: a list in which calls are missing
looks like one that is complete, and whoever reads it would believe that they are over.
"""

import asyncio
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlencode

import aiohttp
import orjson
import structlog
from aiohttp import web
from pydantic import BaseModel, TypeAdapter

from app.bus import BusUnavailable, Node
from app.keys import PASS, PEERS
from app.logs import Event
from app.peers import ANSWER_SECONDS, Pass, PeerError, Peers
from app.rest.elsewhere import incomplete, no_bus, pass_of

__all__ = ["listed_elsewhere", "tell_elsewhere", "told_elsewhere"]

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
    return [kind.validate_json(body) for body in await _ask_all(request, "GET", path)]


async def tell_elsewhere(request: web.Request, path: str, news: Mapping[str, str]) -> None:
    """Have each other node know something, on behalf of whoever asks.

    Raises:
        Problem: 503 where one of them does not answer, or nobody knows who they are.
    """
    await _ask_all(request, "POST", path, orjson.dumps(news))


async def _ask_all(
    request: web.Request, method: str, path: str, body: bytes | None = None
) -> list[bytes]:
    peers = request.app.get(PEERS)
    if peers is None or PASS in request:
        return []
    try:
        nodes = await peers.others()
    except BusUnavailable as error:
        raise no_bus(error) from None
    given = pass_of(request)
    asking = (_ask(peers, node, method, path, given=given, body=body) for node in nodes)
    answers = [answer for answer in await asyncio.gather(*asking) if answer is not None]
    if len(answers) < len(nodes):
        raise incomplete(len(nodes) - len(answers), len(nodes))
    return answers


async def _ask(
    peers: Peers, node: Node, method: str, path: str, *, given: Pass, body: bytes | None
) -> bytes | None:
    """What a node answers; None where it does not, or something else."""
    asking = peers.ask(node, method, path, given=given, body=body, within=None)
    try:
        async with asyncio.timeout(ANSWER_SECONDS), asking as answer:
            if answer.ok:
                return await answer.read()
            reason = f"it answers {answer.status}: {await answer.text()}"[:500]
    except (PeerError, aiohttp.ClientError, TimeoutError) as error:
        reason = str(error) or repr(error)
    log.warning(Event.PEER_SILENT, node=node.id, reason=reason)
    return None
