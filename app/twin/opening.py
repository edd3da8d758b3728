"""How a call begins: the socket, the ringing of an outbound call, session:new, the first verbs."""

from typing import TYPE_CHECKING

from app.twin.address import DialFailed
from app.twin.far_end import SIP, Outcome
from app.twin.pending import NoAck
from app.twin.stack import Verb
from app.twin.vocabulary import BadInstruction

if TYPE_CHECKING:
    from app.twin.leg import Leg

REFUSED = 1001
"""Close code for an application whose first instructions are bad or missing."""


async def begin(leg: "Leg", answer: Outcome) -> str:
    """Dial the application and run its first verbs; return why the call is refused, or ""."""
    try:
        await leg.line.dial()
    except DialFailed as failure:
        return await _refuse(leg, str(failure))
    if leg.info.direction == "outbound" and (reason := await _ring(leg, answer)):
        return reason
    try:
        verbs = leg.hooks.check(await leg.line.request("session:new", leg.info.opening()))
    except NoAck as failure:
        return await _refuse(leg, f"no ack to session:new: {failure}")
    except BadInstruction as failure:
        return await _refuse(leg, str(failure))
    if not verbs:
        return await _refuse(leg, "no instructions in the ack of session:new")
    return await _run(leg, verbs)


async def _ring(leg: "Leg", answer: Outcome) -> str:
    leg.status("trying", 100, "Trying")
    await leg.sleep(1)
    leg.status("ringing", 180, "Ringing")
    await leg.sleep(3)
    leg.status(*SIP[answer])
    if answer in ("answer", "stays"):
        return ""
    await leg.end(f"the called party: {answer}", by="caller")
    return leg.end_reason


async def _refuse(leg: "Leg", reason: str) -> str:
    """Answer 480 to the INVITE, or hang up, and close with 1001."""
    await leg.refuse(reason, REFUSED)
    return reason


async def _run(leg: "Leg", verbs: list[Verb]) -> str:
    if leg.info.direction == "inbound":
        leg.status("trying", 100, "Trying")
    leg.start(verbs)
    if verbs[0]["verb"] in ("hangup", "sip:decline") and leg.info.answered is None:
        await leg.log.until(lambda: leg.is_closed, "the refusal", leg.pace.patience)
        return leg.end_reason
    await leg.log.until(
        lambda: leg.stack.has_begun or leg.is_over, "the first verb", leg.pace.patience
    )
    return ""
