"""Verbs of few lines."""

import asyncio
from typing import TYPE_CHECKING

from app.twin.hooks import name_of
from app.twin.stack import Verb
from app.twin.voice import texts

if TYPE_CHECKING:
    from app.twin.leg import Leg

PLAY_SECONDS = 3
"""How long every recording lasts, since the twin does not fetch it."""


async def answer(leg: "Leg", _verb: Verb) -> None:
    """Answer the call."""
    leg.answer()


async def say(leg: "Leg", verb: Verb) -> None:
    """Say a text, or several in their order, or what the application streams."""
    if verb.get("stream"):
        await _say_stream(leg, verb)
        return
    for text in texts(verb.get("text", "")) * _loop(verb):
        leg.verb_status(
            verb, "synthesized-audio", verb="say", characters=len(text), served_from_cache=False
        )
        await leg.voice.say(text, "say")


async def _say_stream(leg: "Leg", verb: Verb) -> None:
    """Open the stream for as long as there is something to say."""
    leg.stream.open()
    try:
        closes = verb.get("closeOnStreamEmpty", verb.get("closeStreamOnEmpty", True))
        await (leg.stream.run_dry() if closes else asyncio.Event().wait())
    finally:
        leg.stream.close()


async def play(leg: "Leg", verb: Verb) -> None:
    """Play recordings."""
    limit = float(verb.get("timeoutSecs") or PLAY_SECONDS)
    seconds = min(limit, PLAY_SECONDS)
    leg.verb_status(verb, "start-playback", verb="play")
    for url in texts(verb["url"]) * _loop(verb):
        leg.voice.play(url)
        await leg.sleep(seconds)
    leg.verb_status(verb, "stop-playback", verb="play")
    await leg.hooks.action_logged(
        verb,
        {
            "reason": "playCompleted",
            "playback_seconds": int(seconds),
            "playback_milliseconds": int(seconds * 1000),
            "playback_last_offset_pos": int(seconds * 8000),
        },
    )


async def pause(leg: "Leg", verb: Verb) -> None:
    """Wait."""
    await leg.sleep(float(verb["length"]))


async def config(leg: "Leg", verb: Verb) -> None:
    """Set what lasts for the session."""
    leg.configure({key: verb[key] for key in verb if key not in ("verb", "id")})


async def tag(leg: "Leg", verb: Verb) -> None:
    """Set the call's customerData."""
    leg.info.customer_data = dict(verb["data"])


async def hangup(leg: "Leg", verb: Verb) -> None:
    """Hang up, or refuse a call that is not answered."""
    if verb.get("headers"):
        leg.log.note("the BYE has headers", headers=verb["headers"])
    leg.finish("the application hung up")
    await asyncio.Event().wait()  # until the end of the call cancels it


async def decline(leg: "Leg", verb: Verb) -> None:
    """Refuse a call with a SIP status."""
    status = int(verb["status"])
    call_status = {486: "busy", 600: "busy", 480: "no-answer"}.get(status, "failed")
    leg.effects["refusal"] = (call_status, status, str(verb.get("reason", "")))
    leg.finish(f"the application declined the call: {status}")
    await asyncio.Event().wait()


async def redirect(leg: "Leg", verb: Verb) -> None:
    """Ask another hook, or another application, how to go on."""
    hook = verb["actionHook"]
    name = name_of(hook)
    if name.startswith(("ws://", "wss://")):
        verbs = leg.hooks.check(await leg.move(name, verb.get("statusHook")))
    elif name.startswith(("http://", "https://")):
        leg.log.note("webhook mode is not played by the twin", hook=name)
        leg.finish("the application moved to webhook mode")
        return
    else:
        verbs = await leg.hooks.ask_verbs(hook, leg.info.common(), "session:redirect")
    leg.stack.put(verbs)


async def silent(leg: "Leg", verb: Verb) -> None:
    """Note a verb that the twin knows but does not play."""
    leg.log.note("not played by the twin", verb=verb)


def _loop(verb: Verb) -> int:
    """How often; what goes on forever is heard once."""
    loop = str(verb.get("loop", 1))
    return max(1, int(loop)) if loop.isdigit() else 1
