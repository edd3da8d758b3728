"""The `dial` command: a separate outbound call, as createCall over REST makes it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.twin.callinfo import CallInfo
from app.twin.hooks import name_of
from app.twin.opening import begin

if TYPE_CHECKING:
    from app.twin.leg import Leg

TARGETS = {"phone": "number", "user": "name", "sip": "sipUri", "teams": "number"}
"""What each type of target is called by."""


def place(leg: "Leg", body: Mapping[str, Any]) -> str:
    """Make a call as the body of createCall says; return what is wrong with it, or ""."""
    if problem := _problem(body):
        return problem
    to = body["to"]
    info = CallInfo.new(
        from_=str(body["from"]),
        to=str(to[TARGETS[to["type"]]]),
        direction="outbound",
        account_sid=leg.info.account_sid,
        env=leg.info.env,
        tag=body.get("tag"),
        headers=body.get("headers"),
        caller_name=str(body.get("callerName", "")),
        ids=leg.platform.ids,
        clock=leg.clock,
    )
    made = leg.sibling(name_of(body.get("call_hook") or leg.url), info)
    made.amd = body.get("amd") or {}
    leg.log.note("places a call", call_sid=info.call_sid, to=info.to)
    leg.platform.board.add(made)
    made.spawn(begin(made, leg.far_end.next()))
    return ""


def _problem(body: Mapping[str, Any]) -> str:
    to = body.get("to")
    if not body.get("from"):
        return "from is required"
    if not isinstance(to, Mapping) or to.get("type") not in TARGETS:
        return f"to must be an object with a type out of {', '.join(TARGETS)}"
    if not to.get(TARGETS[to["type"]]):
        return f"to needs {TARGETS[to['type']]}"
    if not body.get("application_sid") and not body.get("call_hook"):
        return "application_sid or call_hook is required"
    hook = name_of(body.get("call_hook") or "")
    if hook and not hook.startswith(("ws://", "wss://", "http://", "https://")):
        return "call_hook must be absolute"
    return ""
