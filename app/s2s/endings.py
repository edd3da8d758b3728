"""How each vendor tells that its model has finished speaking.

Vendors of the Realtime kind send a response faster than it is heard. jambonz tells when its sound
has stopped; where it does not, the words go along, and whoever waits reckons how long they take.
"""

from collections.abc import Mapping
from typing import Any

from app.agent import TurnOver

Event = Mapping[str, Any]

STOPPED = "output_audio.playback_stopped"
REALTIME_EVENTS = ("response.done", STOPPED)


def realtime(event: Event) -> TurnOver | None:
    """``response.done``, unless the response calls a function: then another one follows."""
    if event.get("type") != "response.done":
        return None
    response = mapping(event.get("response"))
    items = [mapping(item) for item in listed(response.get("output"))]
    if any(item.get("type") == "function_call" for item in items):
        return None
    parts = [mapping(part) for item in items for part in listed(item.get("content"))]
    words = " ".join(str(part.get("transcript") or "") for part in parts)
    return TurnOver(response.get("status") == "cancelled", words)


def playback_stopped(event: Event) -> TurnOver | None:
    """Jambonz' own event: nothing is left to be heard, or the caller spoke over it."""
    if event.get("type") != STOPPED:
        return None
    return TurnOver(event.get("completion_reason") == "interrupted")


def gemini(event: Event) -> TurnOver | None:
    """``turn_complete``, which Gemini holds back until the words should have been heard."""
    content = mapping(event.get("server_content"))
    if content.get("interrupted"):
        return TurnOver(is_interrupted=True)
    return TurnOver() if content.get("turn_complete") else None


def ultravox(event: Event) -> TurnOver | None:
    """It listens again."""
    if event.get("type") == "playback_clear_buffer":
        return TurnOver(is_interrupted=True)
    is_over = event.get("type") == "state" and event.get("state") == "listening"
    return TurnOver() if is_over else None


def deepgram(event: Event) -> TurnOver | None:
    """All of its audio is sent."""
    kinds = {"AgentAudioDone": TurnOver(), "UserStartedSpeaking": TurnOver(is_interrupted=True)}
    return kinds.get(str(event.get("type")))


def elevenlabs(event: Event) -> TurnOver | None:
    """The words of its answer, which go out as they are spoken."""
    if event.get("type") == "interruption":
        return TurnOver(is_interrupted=True)
    answer = mapping(event.get("agent_response_event")).get("agent_response")
    return TurnOver(unheard=answer) if isinstance(answer, str) else None


def mapping(value: object) -> Event:
    """An object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def listed(value: object) -> list[Any]:
    """A list, or an empty one."""
    return value if isinstance(value, list) else []
