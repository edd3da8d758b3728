"""Commands to a live call over HTTP, checked by the same table as those from code."""

from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import Field

from app.command import AGENT_UPDATE, COMMANDS, TOOL_OUTPUT
from app.rest.describe import DescribedCommand
from app.rest.explain import shown
from app.rest.models import Body, CallPath, OtherLeg, ReceiptView
from app.rest.operation import operation
from app.rest.own import calls_of
from app.rest.problems import invalid
from app.rest.refusals import SENT, STEERING, refusals, sent

__all__ = ["send_command"]

NEEDS_DATA: Final = (dict, list, str, int, float)


class CommandBody(Body):
    """A command to jambonz, as it goes over the wire."""

    command: Annotated[str, Field(min_length=1, max_length=64)]
    data: Any = None
    call_sid: OtherLeg = None
    queue: Annotated[bool | None, Field(alias="queueCommand")] = None


@operation(
    "POST",
    "/v1/calls/{call_sid}/commands",
    needs="calls:write",
    answers=SENT,
    problems=STEERING,
    about="calls",
)
async def send_command(
    request: web.Request, path: CallPath, body: Annotated[CommandBody, DescribedCommand()]
) -> ReceiptView:
    """Send a command to jambonz, about a live call."""
    _require_usable(body, path.call_sid)
    with refusals("data"):
        return await sent(
            calls_of(request).command(
                path.call_sid, body.command, body.data, target=body.call_sid, queue=body.queue
            )
        )


def _require_usable(body: CommandBody, call_sid: str) -> None:
    if body.command == TOOL_OUTPUT:
        advice = "a tool call is answered once, by its tool; use an update instead"
        raise invalid(f"{advice.capitalize()}.", [("command", advice)])
    if body.command == AGENT_UPDATE and body.call_sid not in (None, call_sid):
        advice = "an update goes to the agent of this call; remove it"
        raise invalid(f"{advice.capitalize()}.", [("callSid", advice)])
    is_redirect = body.command == "redirect" and isinstance(body.data, list)
    if body.queue is not None and not is_redirect:
        advice = "only a redirect with verbs can be queued; remove it"
        raise invalid(f"{advice.capitalize()}.", [("queueCommand", advice)])
    is_known = body.command in COMMANDS or body.command == AGENT_UPDATE
    if not is_known and not _is_data(body.data):
        advice = f"expected an object, a list, a text or a number; got {shown(body.data)}"
        raise invalid(f"Data: {advice}.", [("data", advice)])


def _is_data(value: object) -> bool:
    """Whether jambonz takes it as the data of a command."""
    is_kind = isinstance(value, NEEDS_DATA) and not isinstance(value, bool)
    return is_kind and not (isinstance(value, str) and not value.strip())
