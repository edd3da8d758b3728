"""Server-Sent Events: entries that somebody else makes, written until the client has gone."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, TypeVar

import orjson
from aiohttp import web

from app.rest.access import ACCESS
from app.rest.problems import HEADERS

__all__ = ["EVENT_STREAM", "STREAM_HEADERS", "stream_events", "write_event", "write_patiently"]

T = TypeVar("T")

EVENT_STREAM: Final = "text/event-stream"
KEEP_ALIVE: Final = 15.0
# How soon it is noticed that a client has gone to whom there is nothing to say.
GLANCE: Final = 1.0
# Who reads nothing for so long is cut off: it would hold a place among the watchers for ever.
LONGEST_WRITE: Final = 30.0
# How soon a key that was revoked, or a person who was signed out, hears nothing more.
LOOK_AGAIN: Final = 5.0
RETRY: Final = b"retry: 2000\n\n"
# Proxies must neither cache nor collect the stream.
STREAM_HEADERS: Final = {**HEADERS, "Content-Type": EVENT_STREAM, "X-Accel-Buffering": "no"}


async def stream_events(
    request: web.Request,
    source: AsyncIterator[T],
    write: Callable[[T], bytes],
    *,
    first: bytes = RETRY,
) -> web.StreamResponse:
    """Write what a source gives until it ends, or until the client goes.

    Args:
        request: Whom to answer.
        source: Cancelling the wait for its next item must lose nothing.
        write: An item in the format of the stream; see `write_event`.
        first: What the stream begins with.
    """
    response = web.StreamResponse(headers=STREAM_HEADERS)
    await response.prepare(request)
    try:
        await _write(response, first)
        looked = time.monotonic()
        while (chunk := await _next(request, source, write)) is not None:
            if time.monotonic() - looked >= LOOK_AGAIN:
                if not await request.app[ACCESS].still_admits(request):
                    break
                looked = time.monotonic()
            await _write(response, chunk)
        await response.write_eof()
    except (ConnectionResetError, TimeoutError):  # the client has gone, or reads no more
        if request.transport is not None:
            request.transport.abort()
    return response


async def write_patiently(
    request: web.Request,
    response: web.StreamResponse,
    first: bytes,
    chunks: AsyncIterator[bytes],
) -> None:
    """Write what a source gives until it ends, or until the client goes or reads no more."""
    try:
        await _write(response, first)
        async for chunk in chunks:
            await _write(response, chunk)
        await response.write_eof()
    except (ConnectionResetError, TimeoutError):
        if request.transport is not None:
            request.transport.abort()


async def _write(response: web.StreamResponse, chunk: bytes) -> None:
    async with asyncio.timeout(LONGEST_WRITE):
        await response.write(chunk)


async def _next(
    request: web.Request, source: AsyncIterator[T], write: Callable[[T], bytes]
) -> bytes | None:
    """The next event, a comment when nothing happens for a while, None at the end."""
    quiet_until = time.monotonic() + KEEP_ALIVE
    while (left := quiet_until - time.monotonic()) > 0:
        try:
            async with asyncio.timeout(min(left, GLANCE)):
                return write(await anext(source))
        except TimeoutError:
            if request.transport is None:
                raise ConnectionResetError from None
        except StopAsyncIteration:
            return None
    return b": keep-alive\n\n"


def write_event(kind: str, data: Any, *, id_: int | None = None) -> bytes:
    """One event. JSON has no line breaks, so one data line holds it."""
    numbered = b"" if id_ is None else b"id: %d\n" % id_
    return numbered + b"event: %b\ndata: %b\n\n" % (kind.encode(), _dump(data))


def _dump(value: Any) -> bytes:
    option = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z
    try:
        return orjson.dumps(value, default=str, option=option)
    except TypeError:  # such as a number of more than 64 bits: better shown than lost
        return orjson.dumps({**value, "data": repr(value["data"])[:4096]}, option=option)
