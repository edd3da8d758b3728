"""A call's feed: watched from a place in it, and as Server-Sent Events."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from app.feed import Entry, TooManyWatchers, Watch
from app.keys import FEED
from app.logs import without_secrets
from app.rest.models import CallPath, StreamEvent
from app.rest.operation import Answer, operation
from app.rest.own import calls_of, key_of
from app.rest.problems import HEADERS, Problem, no_such_call
from app.rest.stream import EVENT_STREAM, STREAM_HEADERS, stream_events, write_event

__all__ = ["follow_call", "show_entry", "watch_call", "write_entry"]

DEEPEST: Final = 200

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
    needs="calls:read",
    answers={
        200: Answer("The events, one after another.", StreamEvent, EVENT_STREAM),
        204: Answer("The call is over and all of it was read: don't come back."),
    },
    problems={404: "No such call."},
    about="calls",
)
async def follow_call(
    request: web.Request, path: CallPath, query: Resume, headers: LastEvent
) -> web.StreamResponse:
    """Follow a call, as Server-Sent Events.

    First what the server still holds of the call, then what happens. `id` counts up, `event` is
    the kind, `data` is JSON with `time` and `data`. An event `gap` stands for events that are
    forgotten, `end` is the last one. An ended call can be read for a minute.
    """
    after = headers.last_event_id if query.after is None else query.after
    async with watch_call(request, path.call_sid, after) as watch:
        if watch.is_over:
            return web.Response(status=204, headers=HEADERS)
        if request.method == "HEAD":
            return web.Response(headers=STREAM_HEADERS)
        return await stream_events(request, watch, write_entry)


def watch_call(request: web.Request, call_sid: str, after: int | None) -> Watch:
    """Watch a call of whoever asks that is live or was so a moment ago.

    Raises:
        Problem: 404 without such a call, 429 where enough others watch it.
    """
    feed, key = request.app[FEED], key_of(request, call_sid)
    if calls_of(request).get(call_sid) is None and key not in feed:
        raise no_such_call(f"There is no call {call_sid!r}.")
    try:
        return feed.watch(key, after)
    except TooManyWatchers as error:
        raise Problem(429, f"{error}.", headers={"Retry-After": "5"}) from None


def write_entry(entry: Entry) -> bytes:
    """An entry in the format of the stream."""
    return write_event(entry.kind, show_entry(entry), id_=entry.id)


def show_entry(entry: Entry) -> dict[str, Any]:
    """When it happened, and what.

    Acks carry the keys of vendors: who may watch a call need not know them.
    """
    moment = datetime.fromtimestamp(entry.time, UTC)
    return {"time": moment, "data": without_secrets(entry.data, depth=DEEPEST)}
