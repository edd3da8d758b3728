"""The transfer verb, and what an agent's handoff does: to a scripted far end."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.twin.far_end import SIP, Outcome
from app.twin.stack import Verb

if TYPE_CHECKING:
    from app.twin.leg import Leg

REASONS: dict[Outcome, tuple[str, str]] = {
    "busy": ("busy", "onBusy"),
    "no-answer": ("no-answer", "onNoAnswer"),
    "declined": ("declined", "onDecline"),
    "failed": ("error", "onFailure"),
}
"""The `transfer_reason` of a failed transfer, and the part of `disposition` that it asks."""


async def transfer(leg: "Leg", verb: Verb) -> None:
    """Transfer the caller and tell how it went."""
    result = await hand_over(leg, verb)
    await leg.hooks.action(verb, result)


async def hand_over(leg: "Leg", options: Mapping[str, Any]) -> dict[str, Any]:
    """Call the target; return the result's fields."""
    outcome = leg.far_end.next()
    leg.log.note(f"{options.get('mode')} transfer: {outcome}", target=options.get("target"))
    await leg.sleep(3)
    sip_status = SIP[outcome][1]
    if outcome in ("answer", "stays"):
        child = leg.info.child("").call_sid
        done = {"transfer_result": "bridged", "transfer_reason": "completed"}
        return {**done, "dial_call_sid": child, "sip_status": sip_status}
    reason, when = REASONS[outcome]
    then = (options.get("disposition") or {}).get(when, "return")
    result = {"return": "returned", "voicemail": "voicemail", "hangup": "failed"}[then]
    if then == "hangup":
        leg.finish("the transfer failed, and its disposition is to hang up")
    return {"transfer_result": result, "transfer_reason": reason, "sip_status": sip_status}
