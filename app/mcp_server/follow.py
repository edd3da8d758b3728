"""The tool that follows a call: what happened since, and what happens in the next seconds."""

import asyncio
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from app.feed import Entry, Watch
from app.mcp_server.offer import Asked, Json, Offer, read_arguments
from app.rest.events import show_entry, watch_call
from app.rest.models import CallPath

__all__ = ["FOLLOW_CALL"]

LONGEST: Final = 120.0
MOST: Final = 200


class Following(CallPath):
    """What to follow, and for how long."""

    model_config = ConfigDict(extra="forbid")

    after: Annotated[
        int | None,
        Field(ge=0, lt=2**53, description="Begin behind this `cursor`; else with what is kept."),
    ] = None
    kinds: Annotated[
        list[str] | None,
        Field(
            max_length=32,
            description="Only these, such as `event`, `tool_call`, `tool_output`, `status`, `end`.",
        ),
    ] = None
    wait_seconds: Annotated[
        float, Field(ge=0, le=LONGEST, description="How long to wait for something to happen.")
    ] = 20.0
    stay: Annotated[
        bool, Field(description="Listen for all of `wait_seconds`, not only to the first events.")
    ] = False
    limit: Annotated[int, Field(ge=1, le=MOST, description="Events at most.")] = 50


class FollowedEvent(BaseModel):
    """One thing that happened."""

    id: int
    kind: str
    time: str
    data: Any


class Followed(BaseModel):
    """What happened."""

    events: list[FollowedEvent]
    cursor: Annotated[int | None, Field(description="Pass it as `after` to go on from here.")]
    is_over: Annotated[bool, Field(description="The call has ended and all of it was read.")]


async def follow(asked: Asked, arguments: Json) -> Json:
    """Collect the events, and report each as progress to a client that wants to hear of it."""
    order: Following = read_arguments(Following, arguments)
    events: list[Json] = []
    cursor = order.after
    async with watch_call(asked.request, order.call_sid, order.after) as watch:
        try:
            async with asyncio.timeout(order.wait_seconds):
                while len(events) < order.limit and (entry := await _next(watch, order, events)):
                    cursor = entry.id
                    if order.kinds is None or entry.kind in order.kinds:
                        events.append(shown(entry))
                        await asked.tell(len(events), f"{entry.kind} {entry.id}")
        except TimeoutError:
            pass
        return {"events": events, "cursor": cursor, "is_over": watch.is_over}


async def _next(watch: Watch, order: Following, events: list[Json]) -> Entry | None:
    """The next entry; None when there is none any more, or it is not to be waited for."""
    if (entry := watch.take()) is not None:
        return entry
    if events and not order.stay:
        return None
    return await anext(watch, None)


def shown(entry: Entry) -> Json:
    """An entry as JSON values."""
    told = show_entry(entry)
    moment = told["time"].isoformat()
    return {"id": entry.id, "kind": entry.kind, "time": moment, "data": told["data"]}


FOLLOW_CALL: Final = Offer(
    "follow_call",
    "Follow a call",
    "Tell what happened in a call: transcripts, turns, tool calls and their outputs, updates, "
    "errors. Gives at once what is kept since `after`; where there is nothing, waits for it. Call "
    "it again with the `cursor` to go on. An ended call can be read for a minute.",
    Following.model_json_schema(),
    Followed.model_json_schema(),
    follow,
    needs="calls:read",
)
