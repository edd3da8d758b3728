"""The answer of another node, given back as it comes."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Final

import aiohttp
from aiohttp import web

from app.keys import PRINCIPAL
from app.peers import PASS_HEADER, NoAnswer
from app.rest.access import ACCESS
from app.rest.problems import REQUEST_ID
from app.rest.stream import EVENT_STREAM, GLANCE, LOOK_AGAIN, write_patiently

__all__ = ["headers_of", "relay"]

# What belongs to a connection, or proves who asks: that was looked at here, and stands in the pass.
NOT_PASSED_IN: Final = frozenset(
    {
        *("accept-encoding", "connection", "content-encoding", "content-length", "expect", "host"),
        *("keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "x-request-id"),
        *("authorization", "cookie", "forwarded", "origin", "referer", "x-csrf-token"),
        PASS_HEADER.lower(),
    }
)
NOT_PASSED_IN_BEGINS: Final = ("proxy-", "sec-", "x-forwarded-")
# What belongs to a connection, or is written for each answer anyway.
NOT_PASSED_OUT: Final = frozenset(
    {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}
)


def headers_of(request: web.Request) -> Mapping[str, str]:
    """What another node has to know of a request; who sent it stands in the pass."""
    names = {name.lower() for name in request.headers} - NOT_PASSED_IN
    known = {name for name in names if not name.startswith(NOT_PASSED_IN_BEGINS)}
    kept = {name: ", ".join(request.headers.getall(name)) for name in known}
    return {**kept, "X-Request-Id": request[REQUEST_ID]}


async def relay(
    request: web.Request, answer: aiohttp.ClientResponse, within: float | None
) -> web.StreamResponse:
    """Answer a request as another node does; a stream as it comes, until either side goes.

    Raises:
        NoAnswer: The answer does not come to its end in time.
    """
    headers = [
        (name, value)
        for name, value in answer.headers.items()
        if name.lower() not in NOT_PASSED_OUT
    ]
    if answer.content_type == EVENT_STREAM and request.method != "HEAD":
        response = web.StreamResponse(status=answer.status, headers=headers)
        await response.prepare(request)
        await write_patiently(request, response, b"", _chunks(request, answer))
        return response
    try:
        async with asyncio.timeout(within):
            body = await answer.read()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise NoAnswer(f"the answer broke off: {error!r}") from None
    return web.Response(status=answer.status, headers=headers, body=body)


async def _chunks(request: web.Request, answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """What comes, until the other node ends it or breaks off, or nobody listens here any more.

    A stream that breaks off ends like one whose node has stopped: who follows a call comes back,
    and finds the node that has it by then.
    """
    looked = time.monotonic()
    with suppress(aiohttp.ClientError):
        while True:
            try:
                async with asyncio.timeout(GLANCE):
                    chunk = await answer.content.readany()
            except TimeoutError:
                if request.transport is None:
                    raise ConnectionResetError from None
                chunk = None
            if chunk == b"":
                return
            if time.monotonic() - looked >= LOOK_AGAIN:
                if PRINCIPAL in request and not await request.app[ACCESS].still_admits(request):
                    return
                looked = time.monotonic()
            if chunk:
                yield chunk
