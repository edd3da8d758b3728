"""Live calls over HTTP: see them, steer their agents, hang up."""

from aiohttp import web

from app.rest.everywhere import listed_elsewhere
from app.rest.models import CallFilter, CallPath, CallView, ReceiptView, UpdateBody, to_update
from app.rest.operation import Answer, operation
from app.rest.own import calls_of
from app.rest.refusals import COMMANDING, NO_CALL, SENT, STEERING, no_call, refusals, sent

__all__ = [
    "hang_up",
    "list_calls",
    "show_call",
    "update_agent",
]


@operation(
    "GET",
    "/v1/calls",
    needs="calls:read",
    answers={200: Answer("Newest first.", list[CallView])},
    about="lists",
)
async def list_calls(request: web.Request, query: CallFilter) -> list[CallView]:
    """List the live calls, of all nodes."""
    elsewhere = await listed_elsewhere(request, "/v1/calls", query, list_calls.output)
    views = [CallView.of(session.snapshot()) for session in calls_of(request)]
    wanted = [
        view
        for view in views
        if query.application in (None, view.application)
        and query.direction in (None, view.direction)
    ]
    return sorted([*wanted, *elsewhere], key=lambda view: view.started_at, reverse=True)


@operation(
    "GET",
    "/v1/calls/{call_sid}",
    needs="calls:read",
    answers={200: Answer("The call.", CallView)},
    problems=NO_CALL,
    about="calls",
)
async def show_call(request: web.Request, path: CallPath) -> CallView:
    """Show a live call."""
    session = calls_of(request).get(path.call_sid)
    if session is None:
        raise no_call(path.call_sid)
    return CallView.of(session.snapshot())


@operation(
    "POST",
    "/v1/calls/{call_sid}/agent",
    needs="calls:write",
    answers=SENT,
    problems=STEERING,
    about="calls",
)
async def update_agent(request: web.Request, path: CallPath, body: UpdateBody) -> ReceiptView:
    """Steer the agent of a live call.

    One of four updates: replace its instructions, add context, replace its tools, make it speak.
    """
    with refusals():
        return await sent(calls_of(request).update_agent(path.call_sid, to_update(body)))


@operation(
    "DELETE",
    "/v1/calls/{call_sid}",
    needs="calls:write",
    answers=SENT,
    problems=COMMANDING,
    about="calls",
)
async def hang_up(request: web.Request, path: CallPath) -> ReceiptView:
    """Hang up."""
    with refusals():
        return await sent(calls_of(request).hangup(path.call_sid))
