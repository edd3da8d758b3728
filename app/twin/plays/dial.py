"""The dial verb, to a scripted far end."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.twin.callinfo import CallInfo
from app.twin.commands import texts
from app.twin.far_end import SIP, Outcome
from app.twin.stack import Verb

if TYPE_CHECKING:
    from app.twin.leg import Leg

TALK = 5
"""Seconds that a far end stays that rings off by itself."""


async def dial(leg: "Leg", verb: Verb) -> None:
    """Call somebody, bridge, and tell how it ended."""
    outcome = leg.far_end.next()
    child = leg.info.child(_target(verb))
    if verb.get("callerId"):
        child = replace(child, from_=str(verb["callerId"]))
    leg.child = child
    try:
        await _ring(leg, child, outcome)
        status, sip_status = child.call_status, child.sip_status
        if status == "in-progress":
            status = await _bridge(leg, verb, child, outcome)
    finally:
        leg.child = None
    result = {"dial_call_status": status, "dial_sip_status": sip_status}
    await leg.hooks.action(verb, {**result, "dial_call_sid": child.call_sid})


async def _ring(leg: "Leg", child: CallInfo, outcome: Outcome) -> None:
    for status, seconds in (("trying", 1), ("ringing", 3)):
        sip = (100, "Trying") if status == "trying" else (180, "Ringing")
        child.set_status(status, *sip)
        leg.tell_status(child)
        await leg.sleep(seconds)
    child.set_status(*SIP[outcome])
    leg.tell_status(child)


async def _bridge(leg: "Leg", verb: Verb, child: CallInfo, outcome: Outcome) -> str:
    """Bridge with the party that answered; return the dial's status."""
    if not await _confirm(leg, verb, child):
        _ring_off(leg, child, "jambonz")
        return "no-answer"
    leg.answer()
    leg.bridge = asyncio.Event()
    leg.log.note("bridged", call_sid=child.call_sid, to=child.to)
    leg.log.poke()
    try:
        await (leg.bridge.wait() if outcome == "stays" else leg.sleep(TALK))
    finally:
        leg.bridge = None
        _ring_off(leg, child, "caller")
    return "completed"


async def _confirm(leg: "Leg", verb: Verb, child: CallInfo) -> bool:
    """Ask the confirm hook; its verbs run on the callee, and a hangup among them refuses."""
    if not verb.get("confirmHook"):
        return True
    verbs = await leg.hooks.ask_verbs(verb["confirmHook"], child.common(), "dial:confirm")
    for heard in verbs:
        for text in texts(heard.get("text", "")):
            leg.log.note("the callee hears", heard=text)
    return all(heard["verb"] != "hangup" for heard in verbs)


def _ring_off(leg: "Leg", child: CallInfo, by: str) -> None:
    child.set_status("completed", 200, "OK")
    leg.tell_status(child, duration=child.duration, call_termination_by=by)


def _target(verb: Verb) -> str:
    targets: list[Any] = verb["target"] if isinstance(verb["target"], list) else [verb["target"]]
    first = targets[0] if targets and isinstance(targets[0], dict) else {}
    return str(first.get("number") or first.get("sipUri") or first.get("name") or "")
