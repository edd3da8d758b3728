"""A call's feed as Server-Sent Events."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from app.feed import Entry, TooManyWatchers, Watch
from app.keys import CALLS, FEED
from app.logs import without_secrets
from app.rest.models import CallPath, StreamEvent
from app.rest.operation import EVENT_STREAM, Answer, operation
from app.rest.problems import HEADERS, Problem, no_such_call

__all__ = ["follow_call"]

KEEP_ALIVE: Final = 15.0
# Who reads nothing for so long is cut off: it would hold a place among the watchers for ever.
LONGEST_WRITE: Final = 30.0
DEEPEST: Final = 200
RETRY: Final = b"retry: 2000\n\n"
# Proxies must neither cache nor collect the stream.
STREAM_HEADERS: Final = {**HEADERS, "Content-Type": EVENT_STREAM, "X-Accel-Buffering": "no"}

EntryId = Annotated[int, Field(ge=0, lt=2**53)]


class Resume(BaseModel):
    """Where to begin."""

    model_config = ConfigDict(extra="forbid")

    after: Annotated[
        EntryId | None, Field(description="Begin behind this event; as Last-Event-ID.")
    ] = None


class LastEvent(BaseModel):
    """What a browser sends when it resumes a stream."""

    last_event_id: Annotated[
        EntryId | None,
        Field(alias="last-event-id", description="Begin behind this event."),
    ] = None


@operation(
    "GET",
    "/v1/calls/{call_sid}/events",
    answers={
        200: Answer("The events, one after another.", StreamEvent, EVENT_STREAM),
        204: Answer("The call is over and all of it was read: don't come back."),
    },
    problems={404: "No such call."},
)
async def follow_call(
    request: web.Request, path: CallPath, query: Resume, headers: LastEvent
) -> web.StreamResponse:
    """Follow a call, as Server-Sent Events.

    First what the server still holds of the call, then what happens. `id` counts up, `event` is
    the kind, `data` is JSON with `time` and `data`. An event `gap` stands for events that are
    forgotten, `end` is the last one. An ended call can be read for a minute.
    """
    feed = request.app[FEED]
    if request.app[CALLS].get(path.call_sid) is None and path.call_sid not in feed:
        raise no_such_call(f"There is no call {path.call_sid!r}.")
    after = headers.last_event_id if query.after is None else query.after
    try:
        watch = feed.watch(path.call_sid, after)
    except TooManyWatchers as error:
        raise Problem(429, f"{error}.", headers={"Retry-After": "5"}) from None
    async with watch:
        if watch.is_over:
            return web.Response(status=204, headers=HEADERS)
        if request.method == "HEAD":
            return web.Response(headers=STREAM_HEADERS)
        return await _stream(request, watch)


async def _stream(request: web.Request, watch: Watch) -> web.StreamResponse:
    response = web.StreamResponse(headers=STREAM_HEADERS)
    await response.prepare(request)
    try:
        await _write(response, RETRY)
        while (chunk := await _next(watch)) is not None:
            await _write(response, chunk)
        await response.write_eof()
    except (ConnectionResetError, TimeoutError):  # the client has gone, or reads no more
        if request.transport is not None:
            request.transport.abort()
    return response


async def _write(response: web.StreamResponse, chunk: bytes) -> None:
    async with asyncio.timeout(LONGEST_WRITE):
        await response.write(chunk)


async def _next(watch: Watch) -> bytes | None:
    """The next event, a comment when nothing happens for a while, None at the end."""
    try:
        async with asyncio.timeout(KEEP_ALIVE):
            return write_entry(await anext(watch))
    except TimeoutError:
        return b": keep-alive\n\n"
    except StopAsyncIteration:
        return None


def write_entry(entry: Entry) -> bytes:
    """An entry in the format of the stream. JSON has no line breaks, so one data line holds it.

    Acks carry the keys of vendors: who may watch a call need not know them.
    """
    moment = datetime.fromtimestamp(entry.time, UTC)
    data = _dump({"time": moment, "data": without_secrets(entry.data, depth=DEEPEST)})
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (entry.id, entry.kind.encode(), data)


def _dump(value: dict[str, Any]) -> bytes:
    option = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z
    try:
        return orjson.dumps(value, default=str, option=option)
    except TypeError:  # such as a number of more than 64 bits: better shown than lost
        return orjson.dumps({**value, "data": repr(value["data"])[:4096]}, option=option)
