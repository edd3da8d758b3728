"""``/api/calls``: records of calls, live and past."""

from typing import Final

from aiohttp import web

from app.keys import RECORDER, STORE
from app.records import read_entries, tell
from app.rest.api.call_models import CallListed, CallQuery, CallShown, Erased, NumberQuery
from app.rest.api.pages import next_page, read_position, write_position
from app.rest.everywhere import tell_elsewhere
from app.rest.models import CallPath
from app.rest.operation import Answer, Reply, operation
from app.rest.own import key_of, organisation_of
from app.rest.problems import no_such_call
from app.rest.tenant import tenant_of
from app.store.calls import Call

__all__ = ["NO_RECORD", "OPERATIONS", "find_call", "show_whole"]

READ: Final = "records:read"
WRITE: Final = "records:write"
ROUTE: Final = "/api/calls"
ONE: Final = "/api/calls/{call_sid}"
NO_RECORD: Final = {404: "There is no record of such a call."}


@operation(
    "GET",
    ROUTE,
    needs=READ,
    answers={200: Answer("The newest first; `Link` leads to the next page.", list[CallListed])},
    name="list_call_records",
)
async def list_calls(request: web.Request, query: CallQuery) -> Reply:
    """List calls, live and past.

    Pages cost the same whatever is asked for: one may hold fewer calls than `limit`, none even, and
    still have a `Link` to the next. The last one has none.
    """
    page = await tenant_of(request).calls.list(
        query.to_filter(), limit=query.limit, after=read_position(query.after)
    )
    link = {} if page.next is None else next_page(request, write_position(*page.next))
    return Reply([CallListed.model_validate(call) for call in page.calls], link)


@operation(
    "GET",
    ONE,
    needs=READ,
    answers={200: Answer("All that is known of it so far.", CallShown)},
    problems=NO_RECORD,
    name="show_call_record",
    about="records",
)
async def show_call(request: web.Request, path: CallPath) -> CallShown:
    """Show a call: its transcript, tools, updates, recordings.

    Of a live call what happened so far; as of a minute ago where its node does not answer.
    """
    return await show_whole(request, await find_call(request, path.call_sid))


@operation(
    "DELETE",
    ROUTE,
    needs=WRITE,
    answers={200: Answer("Erased.", Erased)},
    problems={503: "A node does not answer that may record a call of it: nothing was erased."},
    name="erase_call_records",
)
async def erase_calls(request: web.Request, query: NumberQuery) -> Erased:
    """Erase all calls of a phone number: parties, words, tool calls, messages to webhooks.

    A call of it that goes on is no longer recorded. The audit log says how many calls were erased,
    and not whose.
    """
    await tell_elsewhere(request, "/node/forget", {"number": query.number})
    if (recorder := request.app.get(RECORDER)) is not None:
        await recorder.forget(organisation_of(request), query.number)
    calls, total = tenant_of(request).calls, 0
    while erased := await calls.erase(query.number):
        total += erased
    await request.app[STORE].scrub()
    return Erased(calls=total)


async def find_call(request: web.Request, call_sid: str) -> Call:
    """A call of the organisation of whoever asks, with what waits for the store written first.

    Raises:
        Problem: 404.
    """
    if (recorder := request.app.get(RECORDER)) is not None:
        await recorder.settle(key_of(request, call_sid))
    call = await tenant_of(request).calls.get(call_sid)
    if call is None:
        raise no_such_call(f"There is no record of a call {call_sid!r}.")
    return call


async def show_whole(request: web.Request, call: Call) -> CallShown:
    """A call with its story."""
    parts = await tenant_of(request).calls.parts(call.call_sid)
    return CallShown.of(call, tell(read_entries(parts), is_over=call.status != "live"))


OPERATIONS: Final = (list_calls, erase_calls, show_call)
