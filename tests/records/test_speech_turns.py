"""Turns of speech-to-speech models are counted from what their vendors tell."""

from typing import Any

import orjson
import pytest

from app.feed import Item
from app.records.speech_turns import speech_turns

SPEECH: dict[str, Any] = {"type": "input_audio_buffer.speech_started"}
WORDS: dict[str, Any] = {"type": "response.output_audio_transcript.done", "transcript": "Hello."}
DONE: dict[str, Any] = {"type": "response.done", "response": {"status": "completed"}}
CUT: dict[str, Any] = {"type": "response.done", "response": {"status": "cancelled"}}


def google(**content: Any) -> dict[str, Any]:
    return {"server_content": content}


SAID = google(output_transcription={"text": "Hello."})
OVER = google(turn_complete=True)


def frame(data: dict[str, Any], kind: str = "llm:event") -> bytes:
    return orjson.dumps({"type": kind, "msgid": "1", "data": data})


@pytest.mark.parametrize(
    ("events", "interrupted"),
    [
        ([SPEECH, WORDS, DONE, SPEECH, WORDS, CUT], [False, True]),
        ([DONE, WORDS, DONE], [False]),  # the first one called a tool
        ([SPEECH, CUT], [True]),
        ([SAID, OVER, SAID, google(interrupted=True), OVER], [False, True]),
        ([google(interrupted=True), SAID, OVER], [False]),
        ([{"type": "UserStartedSpeaking"}, {"type": "AgentAudioDone"}], []),
        ([WORDS], []),
    ],
)
def test_a_turn_is_counted_when_it_is_over(
    events: list[dict[str, Any]], interrupted: list[bool]
) -> None:
    items: list[Item] = [(n, float(n), "event", frame(one)) for n, one in enumerate(events)]

    assert [turn.interrupted for turn in speech_turns(items)] == interrupted
    assert all(turn.llm_ms is None for turn in speech_turns(items))


def test_what_the_agent_verb_tells_is_left_to_its_turn_end() -> None:
    ended = frame({"type": "turn_end", "response": "Hello."}, "agent:event")

    assert list(speech_turns([(1, 1.0, "event", ended), (2, 2.0, "turn", {})])) == []
