"""Twin calls over HTTP: call an application of this server without a telephone, and listen."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from app.keys import TWIN_CALLS
from app.logs import without_secrets
from app.rest.everywhere import listed_elsewhere
from app.rest.models import CallPath, StreamEvent
from app.rest.operation import Answer, operation
from app.rest.own import organisation_of
from app.rest.stream import EVENT_STREAM, stream_events, write_event
from app.rest.twin.calls import TwinCalls, require_allowed
from app.rest.twin.models import HeardView, StepBody, TwinBody, TwinCallView

if TYPE_CHECKING:
    from app.rest.twin.playing import Playing

__all__ = [
    "TwinBody",
    "TwinCalls",
    "list_twin_calls",
    "show_entry",
    "start_twin_call",
    "take_twin_step",
]

DEEPEST: Final = 200
REFUSED: Final = {403: "Twin calls are not allowed from there."}
NO_TWIN_CALL: Final = REFUSED | {404: "No such twin call."}


@operation(
    "POST",
    "/v1/twin/calls",
    needs="calls:write",
    answers={200: Answer("What happens, one thing after another.", StreamEvent, EVENT_STREAM)},
    problems=REFUSED
    | {404: "No application answers there.", 409: "The application does not take the call."},
)
async def start_twin_call(request: web.Request, body: TwinBody) -> web.StreamResponse:
    """Call an application of this server by the twin, and follow the call.

    The answer are Server-Sent Events: `call` tells the `call_sid`, then comes every entry of the
    twin's log up to `end`, and `result` is the last one. Who stops listening hangs up.
    """
    async with request.app[TWIN_CALLS].call(request, body) as playing:
        begun = write_event("call", playing.view().model_dump(mode="json", by_alias=True))
        return await stream_events(request, Written(playing), bytes, first=begun)


@operation(
    "GET",
    "/v1/twin/calls",
    needs="calls:read",
    answers={200: Answer("All.", list[TwinCallView])},
    about="lists",
)
async def list_twin_calls(request: web.Request) -> list[TwinCallView]:
    """List the twin calls that go on."""
    require_allowed(request)
    elsewhere = await listed_elsewhere(request, "/v1/twin/calls", None, list_twin_calls.output)
    own = request.app[TWIN_CALLS].of(organisation_of(request))
    return [*(playing.view() for playing in own), *elsewhere]


@operation(
    "POST",
    "/v1/twin/calls/{call_sid}/steps",
    needs="calls:write",
    answers={200: Answer("What came of it.", HeardView)},
    problems=NO_TWIN_CALL | {409: "The step cannot be taken, or nothing came of it in time."},
    about="twin-calls",
)
async def take_twin_step(request: web.Request, path: CallPath, body: StepBody) -> HeardView:
    """Let the caller of a twin call do something: say, interrupt, press, be silent, hang up."""
    require_allowed(request)
    playing = request.app[TWIN_CALLS].find(organisation_of(request), path.call_sid)
    return await playing.take(body)


class Written(AsyncIterator[bytes]):
    """A twin call in the format of the stream, and at last what came of it."""

    def __init__(self, playing: "Playing") -> None:
        self._playing = playing
        self._entries = playing.entries
        self._is_told = False

    async def __anext__(self) -> bytes:
        """The next event."""
        if self._is_told:
            raise StopAsyncIteration
        try:
            number, entry = await anext(self._entries)
        except StopAsyncIteration:
            self._is_told = True
            return write_event("result", self._playing.result())
        return write_event(entry.kind, show_entry(entry.time, entry.data), id_=number)


def show_entry(seconds: float, data: dict[str, Any]) -> dict[str, Any]:
    """When it happened, in seconds since the call began, and what, without keys."""
    return {"time": round(seconds, 3), "data": without_secrets(data, depth=DEEPEST)}
