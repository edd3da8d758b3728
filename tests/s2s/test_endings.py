"""How each vendor tells that its model has spoken."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.agent import TurnOver
from app.s2s import vendor_of

SPOKEN = TurnOver()
CUT = TurnOver(is_interrupted=True)


def done(status: str = "completed", *items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "response.done", "response": {"status": status, "output": [*items]}}


def words(text: str) -> dict[str, Any]:
    return {"type": "message", "content": [{"type": "audio", "transcript": text}]}


@pytest.mark.parametrize(
    ("vendor", "event", "over"),
    [
        ("openai", done("completed", words("Goodbye.")), TurnOver(unheard="Goodbye.")),
        ("openai", done("cancelled"), CUT),
        ("openai", done("completed", words("One moment."), {"type": "function_call"}), None),
        ("openai", {"type": "response.done", "response": None}, SPOKEN),
        ("openai", {"type": "response.created"}, None),
        ("xai", done(), SPOKEN),
        ("google", {"server_content": {"turn_complete": True}}, SPOKEN),
        ("google", {"server_content": {"interrupted": True}}, CUT),
        ("google", {"server_content": {"generation_complete": True}}, None),
        ("google", {"server_content": "x"}, None),
        ("ultravox", {"type": "state", "state": "listening"}, SPOKEN),
        ("ultravox", {"type": "state", "state": "speaking"}, None),
        ("ultravox", {"type": "playback_clear_buffer"}, CUT),
        ("deepgram", {"type": "AgentAudioDone"}, SPOKEN),
        ("deepgram", {"type": "UserStartedSpeaking"}, CUT),
        ("deepgram", {"type": "ConversationText"}, None),
        (
            "elevenlabs",
            {"type": "agent_response", "agent_response_event": {"agent_response": "Bye."}},
            TurnOver(unheard="Bye."),
        ),
        ("elevenlabs", {"type": "interruption"}, CUT),
        ("nova", {"type": "completionEnd"}, None),
        ("somebody", {"type": "response.done"}, None),
    ],
)
def test_the_end_of_a_turn_is_read_from_the_events(
    vendor: str, event: Mapping[str, Any], over: TurnOver | None
) -> None:
    assert vendor_of(vendor).turn_over(event) == over


@pytest.mark.parametrize("vendor", ["openai", "google", "ultravox", "deepgram", "elevenlabs"])
def test_it_is_known_which_events_tell_it(vendor: str) -> None:
    assert vendor_of(vendor).turn_events
