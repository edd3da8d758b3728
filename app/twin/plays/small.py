"""Verbs that do one thing to the leg, or send one thing out, and tell how that went."""

from typing import TYPE_CHECKING

from app.twin import media
from app.twin.stack import Verb

if TYPE_CHECKING:
    from app.twin.leg import Leg


async def dtmf(leg: "Leg", verb: Verb) -> None:
    """Play keys to the caller."""
    leg.voice.heard(f"[keys: {verb['dtmf']}]", "dtmf")


async def dub(leg: "Leg", verb: Verb) -> None:
    """Use a track."""
    if problem := media.read_dub(verb) or media.dub(leg, verb):
        leg.log.note(f"dub has no effect: {problem}")


async def transcribe(leg: "Leg", verb: Verb) -> None:
    """Begin or end to tell what the caller says."""
    leg.ears.transcription = verb.get("transcriptionHook") if verb.get("enable", True) else None


async def sip_request(leg: "Leg", verb: Verb) -> None:
    """Send a request within the dialog, which the far side takes."""
    leg.log.note("a SIP request goes out", method=verb["method"], body=verb.get("body"))
    await leg.hooks.action(verb, {"result": "success", "sip_status": 200})


async def sip_refer(leg: "Leg", verb: Verb) -> None:
    """Ask the caller's side to call somebody else, which it does."""
    leg.log.note("REFER", refer_to=verb["referTo"])
    if verb.get("eventHook"):
        leg.hooks.notify(verb["eventHook"], {"event": "transfer-status", "call_status": 200})
    await leg.hooks.action(verb, {"refer_status": 202, "final_referred_call_status": 200})


async def message(leg: "Leg", verb: Verb) -> None:
    """Send a text message, which arrives."""
    leg.log.note("a message goes out", to=verb["to"], sent=verb.get("text"))
    sent = {
        "message_sid": leg.platform.ids.sid(),
        "message_status": "success",
        "carrier": "carrier",
    }
    await leg.hooks.action(verb, sent)
