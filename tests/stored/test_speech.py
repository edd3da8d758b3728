"""Every setting of a realtime_config stands where the vendor reads it, and nothing else does."""

from typing import Any

import pytest

from app import tool
from app.agent import render
from app.stored.speech import make_speech
from tests.stored.agents import GEMINI, OPENAI, read

KEY = "sk-1"


@tool
def opening_hours() -> str:
    """When the shop is open."""
    return "From nine to five."


def verb(config: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The verb on the wire."""
    data = read(realtime_config=config, **options)
    made = make_speech(data, instructions="P", tools=[opening_hours], key=KEY)
    (wire,) = render(made).verbs
    return wire


def test_an_openai_config_becomes_the_openai_verb() -> None:
    assert verb(OPENAI) == {
        "verb": "openai_s2s",
        "model": "gpt-realtime",
        "auth": {"apiKey": KEY},
        "llmOptions": {
            "response_create": {
                "instructions": "P",
                "audio": {"output": {"voice": "alloy"}},
            },
            "session_update": {
                "type": "realtime",
                "instructions": "P",
                "audio": {
                    "input": {
                        "noise_reduction": {"type": "near_field"},
                        "transcription": {"model": "gpt-4o-mini-transcribe"},
                        "turn_detection": {
                            "type": "semantic_vad",
                            "eagerness": "medium",
                            "create_response": True,
                            "interrupt_response": True,
                        },
                    },
                    "output": {"voice": "alloy"},
                },
                "tools": [{"type": "function", **opening_hours.definition}],
            },
        },
        "events": [
            "conversation.item.input_audio_transcription.completed",
            "response.output_audio_transcript.done",
            "response.audio_transcript.done",
            "response.done",
            "input_audio_buffer.speech_started",
            "output_audio.playback_stopped",
        ],
        "toolHook": "/tools",
        "eventHook": "/events",
    }


def test_a_gemini_config_becomes_the_google_verb() -> None:
    model = "models/gemini-live-2.5-flash-preview-native-audio-09-2025"
    assert verb(GEMINI) == {
        "verb": "google_s2s",
        "model": model,
        "auth": {"apiKey": KEY},
        "llmOptions": {
            "setup": {
                "model": model,
                "systemInstruction": {"parts": [{"text": "P"}]},
                "generationConfig": {
                    "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Aoede"}}}
                },
                "realtimeInputConfig": {
                    "automaticActivityDetection": {
                        "startOfSpeechSensitivity": "START_SENSITIVITY_HIGH",
                        "endOfSpeechSensitivity": "END_SENSITIVITY_HIGH",
                    },
                    "activityHandling": "START_OF_ACTIVITY_INTERRUPTS",
                },
                "inputAudioTranscription": {},
                "outputAudioTranscription": {},
                "tools": [{"functionDeclarations": [without_schema(opening_hours.definition)]}],
            }
        },
        "events": ["llm_event"],
        "toolHook": "/tools",
        "eventHook": "/events",
    }


def without_schema(definition: Any) -> dict[str, Any]:
    """Gemini refuses the schema of a function that takes nothing."""
    return {key: definition[key] for key in ("name", "description")}


SERVER_VAD = {"type": "server_vad", "create_response": True, "interrupt_response": True}


@pytest.mark.parametrize(
    ("config", "path", "value"),
    [
        ({"model": "gpt-realtime-mini"}, "model", "gpt-realtime-mini"),
        ({"voice": "coral"}, "llmOptions.session_update.audio.output.voice", "coral"),
        ({"voice": "coral"}, "llmOptions.response_create.audio.output.voice", "coral"),
        ({"speed": 1.25}, "llmOptions.session_update.audio.output.speed", 1.25),
        (
            {"noise_reduction": "far_field"},
            "llmOptions.session_update.audio.input.noise_reduction",
            {"type": "far_field"},
        ),
        (
            {"noise_reduction": "none"},
            "llmOptions.session_update.audio.input.noise_reduction",
            None,
        ),
        (
            {
                "vad": {
                    "eagerness": "high",
                    "create_response": False,
                    "interrupt_response": False,
                }
            },
            "llmOptions.session_update.audio.input.turn_detection",
            {
                "type": "semantic_vad",
                "eagerness": "high",
                "create_response": False,
                "interrupt_response": False,
            },
        ),
        (
            {"vad": {"type": "server_vad"}},
            "llmOptions.session_update.audio.input.turn_detection",
            SERVER_VAD,
        ),
        *(
            (
                {"vad": {"type": "server_vad", **option}},
                "llmOptions.session_update.audio.input.turn_detection",
                {**SERVER_VAD, **option},
            )
            for option in (
                {"threshold": 0.7},
                {"prefix_padding_ms": 250},
                {"silence_duration_ms": 600},
                {"idle_timeout_ms": 5000},
                {"interrupt_response": False},
            )
        ),
    ],
)
def test_a_setting_of_openai_stands_in_its_place(
    config: dict[str, Any], path: str, value: Any
) -> None:
    assert at(verb({**OPENAI, **config}), path) == value


@pytest.mark.parametrize(
    ("config", "path", "value"),
    [
        ({"model": "gemini-next"}, "model", "models/gemini-next"),
        ({"model": "models/gemini-next"}, "llmOptions.setup.model", "models/gemini-next"),
        (
            {"voice": "Puck"},
            "llmOptions.setup.generationConfig.speechConfig.voiceConfig.prebuiltVoiceConfig",
            {"voiceName": "Puck"},
        ),
        (
            {
                "start_of_speech_sensitivity": "START_SENSITIVITY_LOW",
                "end_of_speech_sensitivity": "END_SENSITIVITY_LOW",
                "silence_duration_ms": 800,
            },
            "llmOptions.setup.realtimeInputConfig.automaticActivityDetection",
            {
                "startOfSpeechSensitivity": "START_SENSITIVITY_LOW",
                "endOfSpeechSensitivity": "END_SENSITIVITY_LOW",
                "silenceDurationMs": 800,
            },
        ),
        (
            {"activity_handling": "NO_INTERRUPTION"},
            "llmOptions.setup.realtimeInputConfig.activityHandling",
            "NO_INTERRUPTION",
        ),
    ],
)
def test_a_setting_of_gemini_stands_in_its_place(
    config: dict[str, Any], path: str, value: Any
) -> None:
    assert at(verb({**GEMINI, **config}), path) == value


def test_nothing_is_transcribed_where_the_operator_wants_none() -> None:
    openai = verb(OPENAI, transcript=False)
    assert "transcription" not in openai["llmOptions"]["session_update"]["audio"]["input"]
    assert "events" not in openai
    assert "eventHook" not in openai
    assert "inputAudioTranscription" not in verb(GEMINI, transcript=False)["llmOptions"]["setup"]


def test_the_first_response_of_openai_is_not_heard_where_the_model_shall_wait() -> None:
    first = verb(OPENAI, greeting=False)["llmOptions"]["response_create"]
    assert first["conversation"] == "none"
    assert first["output_modalities"] == ["text"]


def at(value: Any, path: str) -> Any:
    """What stands at a path, which must be there."""
    for key in path.split("."):
        value = value[key]
    return value
