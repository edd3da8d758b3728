"""A call's events, from its record and then as they happen, as Server-Sent Events."""

from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from typing import Final

from aiohttp import web

from app.feed import Entry
from app.keys import FEED
from app.records import read_entries
from app.rest.api.calls import NO_RECORD, ONE, READ, find_call
from app.rest.events import LastEvent, Resume, watch_call, write_entry
from app.rest.models import CallPath, StreamEvent
from app.rest.operation import Answer, operation
from app.rest.own import key_of
from app.rest.problems import HEADERS
from app.rest.stream import EVENT_STREAM, STREAM_HEADERS, stream_events
from app.rest.tenant import tenant_of

__all__ = ["OPERATIONS"]


class Replay:
    """What was recorded, and then what happens. Cancelling the wait for the next loses nothing.

    Args:
        recorded: Entries from the record.
        live: Those that follow.
    """

    def __init__(self, recorded: Iterable[Entry], live: AsyncIterator[Entry] | None) -> None:
        self._recorded = deque(recorded)
        self._live = live

    def __aiter__(self) -> AsyncIterator[Entry]:
        return self

    async def __anext__(self) -> Entry:
        if self._recorded:
            return self._recorded.popleft()
        if self._live is None:
            raise StopAsyncIteration
        return await anext(self._live)


@operation(
    "GET",
    f"{ONE}/events",
    needs=READ,
    answers={
        200: Answer("The events, one after another.", StreamEvent, EVENT_STREAM),
        204: Answer("The call is over and all of it was read: don't come back."),
    },
    problems=NO_RECORD,
    name="follow_call_record",
    about="records",
)
async def follow_call(
    request: web.Request, path: CallPath, query: Resume, headers: LastEvent
) -> web.StreamResponse:
    """Follow a call from its beginning, as Server-Sent Events; also one that is over.

    The same events as of `/v1/calls/{call_sid}/events`, by the same ids, with no gap and for as
    long as the record is kept; verbs that were sent are there only while the call goes on.
    """
    call = await find_call(request, path.call_sid)
    after = (headers.last_event_id if query.after is None else query.after) or 0
    entries = [*read_entries(await tenant_of(request).calls.parts(call.call_sid))]
    last = entries[-1].id if entries else 0
    recorded = [entry for entry in entries if entry.id > after]
    async with AsyncExitStack() as stack:
        live = None
        if call.status == "live" and key_of(request, call.call_sid) in request.app[FEED]:
            watch = watch_call(request, call.call_sid, max(after, last))
            live = await stack.enter_async_context(watch)
        else:
            recorded += ended(last, entries, after)
        if not recorded and live is None:
            return web.Response(status=204, headers=HEADERS)
        if request.method == "HEAD":
            return web.Response(headers=STREAM_HEADERS)
        return await stream_events(request, Replay(recorded, live), write_entry)


def ended(last: int, entries: list[Entry], after: int) -> list[Entry]:
    """The end, as whoever watched the call was told it; nothing for who has read it."""
    if after > last:
        return []
    return [Entry(last + 1, entries[-1].time if entries else 0.0, END, {})]


END: Final = "end"
OPERATIONS: Final = (follow_call,)
