"""How a call begins: the socket, the ringing of an outbound call, session:new, the first verbs."""

from typing import TYPE_CHECKING

from app.twin.address import DialFailed
from app.twin.amd import detect
from app.twin.ending import refuse
from app.twin.far_end import Party
from app.twin.pending import NoAck
from app.twin.plays.dial import ring
from app.twin.stack import Verb
from app.twin.vocabulary import BadInstruction

if TYPE_CHECKING:
    from app.twin.leg import Leg

REFUSED = 1001
"""Close code for an application whose first instructions are bad or missing."""


async def begin(leg: "Leg", party: Party) -> str:
    """Dial the application and run its first verbs; return why the call is refused, or ""."""
    try:
        await leg.line.dial()
    except DialFailed as failure:
        return await _refuse(leg, str(failure))
    if leg.info.direction == "outbound" and (reason := await _ring(leg, party)):
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


async def _ring(leg: "Leg", party: Party) -> str:
    await ring(leg, party)
    if leg.is_over or not party.picks_up:
        await leg.end(f"the called party: {party.does}", by="caller")
        return leg.end_reason
    leg.party = party
    return ""


async def _refuse(leg: "Leg", reason: str) -> str:
    """Answer 480 to the INVITE, or hang up, and close with 1001."""
    await refuse(leg, reason, REFUSED)
    return reason


async def _run(leg: "Leg", verbs: list[Verb]) -> str:
    if leg.info.direction == "inbound":
        leg.status("trying", 100, "Trying")
    leg.start(verbs)
    if leg.amd:
        leg.spawn_work(detect(leg, leg.party, leg.amd))
    if verbs[0]["verb"] in ("hangup", "sip:decline") and leg.info.answered is None:
        await leg.log.until(lambda: leg.is_closed, "the refusal", leg.pace.patience)
        return leg.end_reason
    await leg.log.until(
        lambda: leg.stack.has_played or leg.is_over, "the first verb", leg.pace.patience
    )
    return ""
