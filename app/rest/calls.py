"""Live calls over HTTP: see them, steer their agents, send commands, hang up."""

from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from app.keys import CALLS
from app.protocol import AgentUpdate, BadUpdate, FrameTooLarge, LocalError, NotOpen, parse_update
from app.rest.explain import shown
from app.rest.models import (
    CallFilter,
    CallPath,
    CallView,
    CommandBody,
    ReceiptView,
    Sid,
    UpdateBody,
    to_update,
)
from app.rest.operation import Answer, operation
from app.rest.platform import AgentUpdateBody, CallUpdateBody
from app.rest.problems import Problem, invalid, no_such_call
from app.session import CallEnded, CallNotFound, NoAgent, Receipt

__all__ = [
    "hang_up",
    "list_calls",
    "send_command",
    "show_call",
    "update_agent",
    "update_call",
    "update_call_by_post",
]


# Commands that jambonz knows; others it ignores without a word.
COMMANDS: Final = frozenset(
    {
        *("agent:update", "boostAudioSignal", "call:status", "conf:hold-status"),
        *("conf:mute-status", "conf:participant-action", "config", "dial", "dtmf", "dub"),
        *("listen:status", "llm:update", "media:path", "mute:status", "noiseIsolation:status"),
        *("record", "redirect", "room:play", "room:say", "sip:request", "stream:status"),
        *("stt:reconfigure", "tag", "transcribe:status", "tts:clear", "tts:flush", "tts:tokens"),
        "whisper",
    }
)
TOOL_OUTPUT: Final = "llm:tool-output"
SENT: Final = {202: Answer("Sent to jambonz, or queued while its socket is lost.", ReceiptView)}
NO_CALL: Final = {404: "No such call."}
STEERING: Final = NO_CALL | {
    409: "The call runs no agent, or is over.",
    413: "The body is too large, or the frame is for jambonz; `detail` names the large part.",
}
COMMANDING: Final = NO_CALL | {409: "The call is over."}


class AccountCallPath(CallPath):
    """Which call, as jambonz' REST API names it."""

    account_sid: Annotated[Sid, Field(description="The account that the call belongs to.")]


@operation("GET", "/v1/calls", answers={200: Answer("Newest first.", list[CallView])})
async def list_calls(request: web.Request, query: CallFilter) -> list[CallView]:
    """List the live calls."""
    views = [CallView.of(session.snapshot()) for session in request.app[CALLS]]
    wanted = [
        view
        for view in views
        if query.application in (None, view.application)
        and query.direction in (None, view.direction)
    ]
    return sorted(wanted, key=lambda view: view.started_at, reverse=True)


@operation(
    "GET", "/v1/calls/{call_sid}", answers={200: Answer("The call.", CallView)}, problems=NO_CALL
)
async def show_call(request: web.Request, path: CallPath) -> CallView:
    """Show a live call."""
    session = request.app[CALLS].get(path.call_sid)
    if session is None:
        raise _no_call(path.call_sid)
    return CallView.of(session.snapshot())


@operation("POST", "/v1/calls/{call_sid}/agent", answers=SENT, problems=STEERING)
async def update_agent(request: web.Request, path: CallPath, body: UpdateBody) -> ReceiptView:
    """Steer the agent of a live call.

    One of four updates: replace its instructions, add context, replace its tools, make it speak.
    """
    with _refusals():
        return await _sent(request.app[CALLS].update_agent(path.call_sid, to_update(body)))


@operation("POST", "/v1/calls/{call_sid}/commands", answers=SENT, problems=STEERING)
async def send_command(request: web.Request, path: CallPath, body: CommandBody) -> ReceiptView:
    """Send a command to jambonz, about a live call."""
    if body.command == TOOL_OUTPUT:
        advice = "a tool call is answered once, by its tool; use an update instead"
        raise invalid(f"{advice.capitalize()}.", [("command", advice)])
    calls = request.app[CALLS]
    with _refusals("data."):
        if body.command == "agent:update":
            return await _sent(calls.update_agent(path.call_sid, _update_of(body, path.call_sid)))
        receipt = await _sent(
            calls.command(path.call_sid, body.command, body.data, target=body.call_sid)
        )
    warnings = (*receipt.warnings, *_unknown_command(body.command))
    return receipt.model_copy(update={"warnings": warnings})


def _update_of(body: CommandBody, call_sid: str) -> AgentUpdate:
    if body.call_sid not in (None, call_sid):
        advice = "an update goes to the agent of this call; remove it"
        raise invalid(f"{advice.capitalize()}.", [("callSid", advice)])
    if not isinstance(body.data, dict):
        advice = f"expected an object, got {shown(body.data)}"
        raise invalid(f"Data: {advice}.", [("data", advice)])
    return parse_update(body.data)


@operation("DELETE", "/v1/calls/{call_sid}", answers=SENT, problems=COMMANDING)
async def hang_up(request: web.Request, path: CallPath) -> ReceiptView:
    """Hang up."""
    with _refusals():
        return await _sent(request.app[CALLS].hangup(path.call_sid))


async def _update_call(
    request: web.Request, path: AccountCallPath, body: CallUpdateBody
) -> ReceiptView:
    """Update a call as with jambonz' REST API.

    Exactly one of the keys described here. Unlike jambonz' own, the answer has a body.
    """
    calls = request.app[CALLS]
    session = calls.get(path.call_sid)
    if session is None or session.account_sid != path.account_sid:
        raise _no_call(path.call_sid)
    with _refusals("agent_update."):
        if isinstance(body, AgentUpdateBody):
            return await _sent(calls.update_agent(path.call_sid, to_update(body.agent_update)))
        return await _sent(calls.command(path.call_sid, body.command, body.data()))


UPDATE_ROUTE: Final = "/v1/Accounts/{account_sid}/Calls/{call_sid}"
update_call = operation("PUT", UPDATE_ROUTE, answers=SENT, problems=STEERING, name="update_call")(
    _update_call
)
update_call_by_post = operation(
    "POST", UPDATE_ROUTE, answers=SENT, problems=STEERING, name="update_call_by_post"
)(_update_call)


async def _sent(sending: Awaitable[Receipt]) -> ReceiptView:
    return ReceiptView.model_validate(await sending)


@contextmanager
def _refusals(prefix: str = "") -> Iterator[None]:
    """Turn what a call refuses into problems; `prefix` is where an update stands in the body."""
    try:
        yield
    except CallNotFound as error:
        raise no_such_call(_sentence(error)) from None
    except NoAgent as error:
        raise Problem(409, _sentence(error), kind="no-agent", title="No agent") from None
    except (CallEnded, NotOpen) as error:
        raise Problem(409, _sentence(error), kind="call-ended", title="Call is over") from None
    except FrameTooLarge as error:
        raise _too_large(error) from None
    except BadUpdate as error:
        raise invalid(_sentence(error), [(prefix + error.field, error.message)]) from None
    except LocalError as error:
        raise invalid(_sentence(error)) from None


def _too_large(error: FrameTooLarge) -> Problem:
    parts = [(path, f"takes {size:,} bytes") for path, size in error.parts.items()]
    kind, title = "frame-too-large", "Frame is too large for jambonz"
    return Problem(413, _sentence(error), kind=kind, title=title, errors=parts)


def _no_call(call_sid: str) -> Problem:
    return no_such_call(f"There is no live call {call_sid!r}.")


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _unknown_command(name: str) -> list[str]:
    if name in COMMANDS:
        return []
    close = get_close_matches(name, COMMANDS, n=1)
    advice = f"; did you mean {close[0]!r}?" if close else "."
    return [f"jambonz ignores commands that it doesn't know, and we don't know {name!r}{advice}"]
