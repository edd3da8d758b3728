"""The dial verb: a second leg, its ringing, its confirmation, and the bridge with the caller."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.twin.amd import detect
from app.twin.bridge import Bridge
from app.twin.callinfo import CallInfo
from app.twin.far_end import SIP, Party
from app.twin.pending import NoAck
from app.twin.plays.dialled import DialSeat
from app.twin.stack import Verb
from app.twin.vocabulary import BadInstruction

if TYPE_CHECKING:
    from app.twin.leg import Leg

TALK = 5
"""Seconds that a far end stays that rings off by itself."""


async def dial(leg: "Leg", verb: Verb) -> None:
    """Call somebody, bridge, and tell how it ended."""
    party = leg.far_end.next()
    child = leg.dial_out(_callee(leg, verb))
    if verb.get("dialMusic"):
        leg.voice.play(str(verb["dialMusic"]))
    try:
        await ring(child, party)
        status, sip_status = child.info.call_status, child.info.sip_status
        if status == "in-progress":
            status = await _talk(leg, verb, child, party)
    finally:
        leg.child = None
        if not child.is_adult:
            child.finish("the dial is over")
    result = {"dial_call_status": status, "dial_sip_status": sip_status}
    await leg.hooks.action(verb, {**result, "dial_call_sid": child.info.call_sid})


async def ring(child: "Leg", party: Party) -> None:
    """Let an outbound leg ring, until it is picked up or not, or given up."""
    steps = [("trying", 100, "Trying", 1), ("ringing", 180, "Ringing", 3)]
    if party.early_media:
        steps.append(("early-media", 183, "Session Progress", 1))
    for call_status, sip_status, reason, seconds in steps:
        child.status(call_status, sip_status, reason)
        await child.sleep(seconds)
        if child.is_over:
            return
    child.status(*SIP[party.does])


async def _talk(leg: "Leg", verb: Verb, child: "Leg", party: Party) -> str:
    """Bridge with the party that answered; return the dial's status."""
    if verb.get("confirmHook") and not await _is_confirmed(leg, verb["confirmHook"], child):
        return "no-answer"
    leg.answer()
    if isinstance(verb.get("amd"), Mapping):
        child.spawn(detect(leg, party, verb["amd"]))
    leg.log.note("bridged", call_sid=child.info.call_sid, to=child.info.to)
    bridge = Bridge()
    mine, theirs = DialSeat(bridge, leg, verb), DialSeat(bridge, child, verb)
    bridge.take(mine)
    bridge.take(theirs)
    child.spawn(stay(child, party))
    try:
        await child.log.happens(lambda: child.is_over)
    finally:
        bridge.leave(mine)
        bridge.leave(theirs)
    return "completed"


async def stay(child: "Leg", party: Party) -> None:
    """Let the far end ring off by itself, where it does."""
    if party.does == "answer":
        await child.sleep(TALK)
        child.finish("the far end rang off", by="caller")


async def _is_confirmed(leg: "Leg", hook: Any, child: "Leg") -> bool:
    """Run the confirm hook's verbs on the callee, and tell whether it is still there then."""
    try:
        verbs = await leg.hooks.ask_verbs(hook, child.info.common(), "dial:confirm")
    except (NoAck, BadInstruction) as failure:
        leg.log.note(f"confirmHook failed, which refuses: {failure}")
        return False
    if verbs:
        child.start(verbs)
        await child.log.happens(
            lambda: child.is_over or (child.stack.has_begun and child.stack.is_idle)
        )
    return not child.is_over


def _callee(leg: "Leg", verb: Verb) -> CallInfo:
    info = leg.info.child(target_of(verb))
    if isinstance(verb.get("tag"), Mapping):
        info.customer_data = dict(verb["tag"])
    return replace(info, from_=str(verb["callerId"])) if verb.get("callerId") else info


def target_of(verb: Mapping[str, Any]) -> str:
    """The first of the targets that a verb dials, as a number or an address."""
    targets: list[Any] = verb["target"] if isinstance(verb["target"], list) else [verb["target"]]
    first = targets[0] if targets and isinstance(targets[0], dict) else {}
    return str(first.get("number") or first.get("sipUri") or first.get("name") or "")
