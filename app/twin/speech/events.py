"""The vendors' own events for what happens in a conversation.

A sketch: the events that applications listen for most, each in its vendor's form.
"""

from collections.abc import Callable, Mapping
from typing import Any

Data = Mapping[str, Any]
Write = Callable[[Data], dict[str, Any]]
CONNECTED = "connected"
"""What happens first: the model is there and has taken its options."""


def _realtime(type_: str, key: str = "") -> Write:
    return lambda data: {"type": type_, **({"transcript": data[key]} if key else {})}


REALTIME: dict[str, Write] = {
    "user_transcript": _realtime(
        "conversation.item.input_audio_transcription.completed", "transcript"
    ),
    "llm_response": _realtime("response.audio_transcript.done", "response"),
    "user_interruption": _realtime("input_audio_buffer.speech_started"),
    "turn_end": lambda _: {"type": "response.done", "response": {"status": "completed"}},
}
GEMINI: dict[str, Write] = {
    CONNECTED: lambda _: {"setupComplete": {}},
    "user_transcript": lambda data: _content(inputTranscription={"text": data["transcript"]}),
    "llm_response": lambda data: _content(outputTranscription={"text": data["response"]}),
    "user_interruption": lambda _: _content(interrupted=True),
    "turn_end": lambda _: _content(turnComplete=True),
}
ULTRAVOX: dict[str, Write] = {
    "user_transcript": lambda data: _ultravox("user", data["transcript"]),
    "llm_response": lambda data: _ultravox("agent", data["response"]),
    "user_interruption": lambda _: {"type": "playback_clear_buffer"},
    "turn_end": lambda _: {"type": "state", "state": "listening"},
}
DEEPGRAM: dict[str, Write] = {
    "user_transcript": lambda data: _deepgram("user", data["transcript"]),
    "llm_response": lambda data: _deepgram("assistant", data["response"]),
    "user_interruption": lambda _: {"type": "UserStartedSpeaking"},
    "turn_end": lambda _: {"type": "AgentAudioDone"},
}
ELEVENLABS: dict[str, Write] = {
    "user_transcript": lambda data: {
        "type": "user_transcript",
        "user_transcription_event": {"user_transcript": data["transcript"]},
    },
    "llm_response": lambda data: {
        "type": "agent_response",
        "agent_response_event": {"agent_response": data["response"]},
    },
}


def _content(**content: Any) -> dict[str, Any]:
    return {"serverContent": content}


def _ultravox(role: str, text: str) -> dict[str, Any]:
    return {"type": "transcript", "role": role, "text": text, "final": True}


def _deepgram(role: str, text: str) -> dict[str, Any]:
    return {"type": "ConversationText", "role": role, "content": text}


def is_wanted(name: str, events: Any) -> bool:
    """Whether a verb's `events` let an event pass: names, `all`, `prefix.*`, and `-name`."""
    if not isinstance(events, list):
        return True
    listed = [one for one in events if isinstance(one, str)]
    if "all" in listed:
        return not any(_fits(name, one[1:]) for one in listed if one.startswith("-"))
    return any(_fits(name, one) for one in listed)


def _fits(name: str, pattern: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith(".*") else name == pattern
