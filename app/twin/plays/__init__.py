"""How the twin plays each verb."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from app.twin.agent.agent import play_agent
from app.twin.plays.conference import conference
from app.twin.plays.dial import dial
from app.twin.plays.gather import gather
from app.twin.plays.listen import listen
from app.twin.plays.queue import dequeue, enqueue
from app.twin.plays.simple import (
    answer,
    config,
    decline,
    hangup,
    pause,
    play,
    redirect,
    say,
    silent,
    tag,
)
from app.twin.plays.small import dtmf, dub, message, sip_refer, sip_request, transcribe
from app.twin.plays.transfer import transfer
from app.twin.speech.speech import play_speech
from app.twin.stack import Verb

if TYPE_CHECKING:
    from app.twin.leg import Leg

ANSWERING = frozenset(
    {
        *("answer", "agent", "say", "play", "gather", "listen", "stream", "transcribe", "dub"),
        *("conference", "room", "enqueue", "dequeue", "llm", "s2s", "dialogflow", "transfer"),
    }
)
"""Verbs that need media, and so answer an inbound call (`s2s` stands for its family)."""

PLAYS: dict[str, Callable[["Leg", Verb], Awaitable[None]]] = {
    "agent": play_agent,
    "answer": answer,
    "conference": conference,
    "config": config,
    "dequeue": dequeue,
    "dial": dial,
    "dtmf": dtmf,
    "dub": dub,
    "enqueue": enqueue,
    "gather": gather,
    "hangup": hangup,
    "listen": listen,
    "llm": play_speech,
    "message": message,
    "pause": pause,
    "play": play,
    "redirect": redirect,
    "room": conference,
    "s2s": play_speech,
    "say": say,
    "sip:decline": decline,
    "sip:refer": sip_refer,
    "sip:request": sip_request,
    "stream": listen,
    "tag": tag,
    "transcribe": transcribe,
    "transfer": transfer,
}


def is_answering(verb: Verb) -> bool:
    """Whether a verb answers the call before it runs."""
    if verb["verb"] == "dial":
        return not verb.get("answerOnBridge")
    family = "s2s" if verb["verb"].endswith("_s2s") else verb["verb"]
    return family in ANSWERING and not verb.get("earlyMedia")


async def perform(leg: "Leg", verb: Verb) -> None:
    """Run one verb, from its `starting` to its `finished`."""
    name = verb["verb"]
    label = {"id": verb["id"]} if "id" in verb else {}
    leg.log.add("verb", {"verb": name, "event": "starting", **label})
    leg.verb_status(verb, "starting", name=name)
    try:
        family = "s2s" if name.endswith("_s2s") else name
        await PLAYS.get(family, silent)(leg, verb)
    finally:
        leg.log.add("verb", {"verb": name, "event": "finished", **label})
        leg.verb_status(verb, "finished", name=name)
