"""Calls in the shape of jambonz' own REST API: list, show, count, update, hang up."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from app.calls import Calls
from app.command import COMMANDS
from app.rest.describe import DescribedUpdate
from app.rest.everywhere import listed_elsewhere, told_elsewhere
from app.rest.models import CallPath, ReceiptView, Sid, View, to_update
from app.rest.operation import Answer, operation
from app.rest.own import calls_of
from app.rest.platform import AgentUpdateBody, Order, UpdateUnion, read_orders
from app.rest.refusals import COMMANDING, NO_CALL, SENT, STEERING, no_call, refusals, sent
from app.session import Receipt, Session
from app.verbs import read_verb

__all__ = [
    "count_account_calls",
    "hang_up_account_call",
    "list_account_calls",
    "show_account_call",
    "update_call",
    "update_call_by_post",
]

ACCOUNT: Final = "/v1/Accounts/{account_sid}"
CALL: Final = "/v1/Accounts/{account_sid}/Calls/{call_sid}"

AccountSid = Annotated[Sid, Field(description="The account that the call belongs to.")]
Number = Annotated[str, Field(max_length=256)]


class AccountPath(BaseModel):
    """Which account."""

    account_sid: AccountSid


class AccountCallPath(CallPath):
    """Which call, as jambonz' REST API names it."""

    account_sid: AccountSid


class AccountCallFilter(BaseModel):
    """Which calls of an account to list."""

    model_config = ConfigDict(extra="forbid")

    direction: Literal["inbound", "outbound"] | None = None
    from_: Annotated[Number | None, Field(alias="from", description="Number that calls.")] = None
    to: Annotated[Number | None, Field(description="Number that is called.")] = None
    call_status: Annotated[
        Annotated[str, Field(max_length=64)] | None,
        Field(alias="callStatus", description="For example `in-progress`."),
    ] = None

    def takes(self, view: "AccountCall") -> bool:
        """Whether a call is wanted."""
        return (
            self.direction in (None, view.direction)
            and self.from_ in (None, view.from_)
            and self.to in (None, view.to)
            and self.call_status in (None, view.call_status)
        )


class AccountCall(View):
    """A live call, in the words of jambonz' REST API."""

    call_sid: str
    account_sid: str
    application_sid: str | None = None
    direction: str
    from_: Annotated[str, Field(alias="from")]
    to: str
    caller_name: str | None = None
    call_status: str
    trace_id: str | None = None


class CallCount(View):
    """How many calls are live, by direction."""

    inbound: int = 0
    outbound: int = 0


LISTED: Final = {200: Answer("The live calls of the account.", list[AccountCall])}


@operation("GET", f"{ACCOUNT}/Calls", needs="calls:read", answers=LISTED, about="lists")
async def list_account_calls(
    request: web.Request, path: AccountPath, query: AccountCallFilter
) -> list[AccountCall]:
    """List the live calls of an account, as jambonz' REST API does."""
    route = f"/v1/Accounts/{quote(path.account_sid, safe='')}/Calls"
    elsewhere = await listed_elsewhere(request, route, query, list_account_calls.output)
    views = map(_view, _of_account(calls_of(request), path.account_sid))
    return [*(view for view in views if query.takes(view)), *elsewhere]


COUNTED: Final = {200: Answer("By direction.", CallCount)}


@operation("GET", f"{ACCOUNT}/CallCount", needs="calls:read", answers=COUNTED, about="lists")
async def count_account_calls(request: web.Request, path: AccountPath) -> CallCount:
    """Count the live calls of an account, as jambonz' REST API does."""
    route = f"/v1/Accounts/{quote(path.account_sid, safe='')}/CallCount"
    elsewhere = await told_elsewhere(request, route, count_account_calls.output)
    directions = [one.direction for one in _of_account(calls_of(request), path.account_sid)]
    return CallCount(
        inbound=directions.count("inbound") + sum(one.inbound for one in elsewhere),
        outbound=directions.count("outbound") + sum(one.outbound for one in elsewhere),
    )


SHOWN: Final = {200: Answer("The call.", AccountCall)}


@operation("GET", CALL, needs="calls:read", answers=SHOWN, problems=NO_CALL, about="calls")
async def show_account_call(request: web.Request, path: AccountCallPath) -> AccountCall:
    """Show a live call, as jambonz' REST API does."""
    return _view(_of(calls_of(request).get(path.call_sid), path))


GONE: Final = {204: Answer("jambonz is told to hang up.")}


@operation("DELETE", CALL, needs="calls:write", answers=GONE, problems=COMMANDING, about="calls")
async def hang_up_account_call(request: web.Request, path: AccountCallPath) -> web.Response:
    """Hang up, as jambonz' REST API does."""
    calls = calls_of(request)
    _of(calls.get(path.call_sid), path)
    with refusals():
        await calls.hangup(path.call_sid)
    return web.Response(status=204)


async def _update_call(
    request: web.Request, path: AccountCallPath, body: Annotated[UpdateUnion, DescribedUpdate()]
) -> ReceiptView:
    """Update a call as with jambonz' REST API.

    Exactly one of the main keys described here; `whisper` may stand beside another. Unlike
    jambonz' own, the answer has a body.
    """
    calls = calls_of(request)
    session = _of(calls.find_leg(path.call_sid), path)
    if isinstance(body, AgentUpdateBody):
        with refusals("agent_update"):
            update = to_update(body.agent_update)
            return await sent(calls.update_agent(session.call_sid, update))
    orders = read_orders(body.root)
    for order in orders:
        _check(order)
    leg = None if path.call_sid == session.call_sid else path.call_sid
    return await sent(_send(calls, session.call_sid, leg, orders))


update_call = operation(
    "PUT",
    CALL,
    needs="calls:write",
    answers=SENT,
    problems=STEERING,
    name="update_call",
    about="legs",
)(_update_call)
update_call_by_post = operation(
    "POST",
    CALL,
    needs="calls:write",
    answers=SENT,
    problems=STEERING,
    name="update_call_by_post",
    about="legs",
)(_update_call)


def _check(order: Order) -> None:
    """Find what is wrong before the first of several is sent."""
    with refusals(order.field):
        if isinstance(order.data, list):
            read_verb(order.data[0])
        else:
            COMMANDS[order.command].read(order.data)


async def _send(calls: Calls, call_sid: str, leg: str | None, orders: list[Order]) -> Receipt:
    """Send one command, or a whisper and another as one: the receipt is of the last."""
    receipts = []
    for order in orders:
        with refusals(order.field):
            receipts.append(await calls.command(call_sid, order.command, order.data, leg))
    frames = tuple(frame for receipt in receipts for frame in receipt.frames)
    warnings = tuple(text for receipt in receipts for text in receipt.warnings)
    return replace(receipts[-1], frames=frames, warnings=warnings)


def _of(session: Session[Any, Any] | None, path: AccountCallPath) -> Session[Any, Any]:
    """The call, where it is the account's."""
    if session is None or session.account_sid != path.account_sid:
        raise no_call(path.call_sid)
    return session


def _of_account(calls: Calls, account_sid: str) -> Iterator[Session[Any, Any]]:
    return (session for session in calls if session.account_sid == account_sid)


def _view(session: Session[Any, Any]) -> AccountCall:
    return AccountCall.model_validate(session.snapshot())
