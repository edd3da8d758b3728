"""``realtime_config`` as the speech-to-speech verb of its vendor: each setting in its place."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.agent.tools import ToolItem
from app.hook import Hook
from app.s2s import SpeechToSpeech, google_s2s, openai_s2s
from app.stored.data import AgentData
from app.stored.realtime import GeminiRealtime, OpenaiRealtime

__all__ = ["KEYS_OF", "make_speech"]

KEYS_OF: Final = {"openai": "openai", "gemini": "google"}
"""The vendor whose key a provider needs."""

VENDORS_SPEED: Final = 1.0
"""What needs no saying. OpenAI takes another speed between responses only, and open-source jambonz
asks for the first one before it sends the session: an error then would end the conversation."""
TRANSCRIBER: Final = "gpt-4o-mini-transcribe"
OPENAI_EVENTS: Final = (
    "conversation.item.input_audio_transcription.completed",
    "response.output_audio_transcript.done",
    "response.audio_transcript.done",
    "response.done",
    "input_audio_buffer.speech_started",
    "output_audio.playback_stopped",
)
"""What a record of the call is made of; the vendor's other events are many and stay away."""
GEMINI_EVENTS: Final = ("llm_event",)
# jambonz always asks for a first response. One that is no part of the conversation and has no sound
# is not heard: the model waits for the caller.
SILENT: Final[Mapping[str, Any]] = {
    "conversation": "none",
    "output_modalities": ["text"],
    "max_output_tokens": 1,
    "instructions": "Say nothing.",
}


def make_speech(
    data: AgentData,
    *,
    instructions: str,
    tools: Sequence[ToolItem],
    key: str | None,
    event_hooks: Sequence[Hook[..., Any]] = (),
    action_hook: Hook[..., Any] | None = None,
) -> SpeechToSpeech:
    """The verb.

    Args:
        data: The agent, with a ``realtime_config``.
        instructions: Its prompt with all that was added to it.
        tools: What its model may call.
        key: The vendor's API key; without one jambonz refuses the verb.
        event_hooks: Functions that hear the vendor's events.
        action_hook: Answers when the conversation has ended.
    """
    options: dict[str, Any] = {"instructions": instructions}
    if tools:
        options["tools"] = list(tools)
    if key is not None:
        options["auth"] = {"apiKey": key}
    is_limited = data.limits.max_turns is not None
    if is_heard := data.transcript or is_limited or bool(event_hooks):
        options["event_hooks"] = list(event_hooks)
    if action_hook is not None:
        options["action_hook"] = action_hook
    config = data.realtime_config
    if isinstance(config, OpenaiRealtime):
        if is_heard:
            options["events"] = list(OPENAI_EVENTS)
        return openai_s2s(model=config.model, llm_options=openai_options(config, data), **options)
    assert isinstance(config, GeminiRealtime)
    if is_heard:
        options["events"] = list(GEMINI_EVENTS)
    model = full_name(config.model)
    return google_s2s(model=model, llm_options=gemini_options(config, data), **options)


def openai_options(config: OpenaiRealtime, data: AgentData) -> dict[str, Any]:
    """``llmOptions`` for OpenAI: the session, and the first response, asked for before it."""
    reduction = config.noise_reduction
    hears: dict[str, Any] = {
        "noise_reduction": None if reduction == "none" else {"type": reduction},
        "turn_detection": config.vad.model_dump(exclude_none=True),
    }
    if data.transcript:
        hears["transcription"] = {"model": TRANSCRIBER}
    speaks: dict[str, Any] = {"voice": config.voice}
    if config.speed != VENDORS_SPEED:
        speaks["speed"] = config.speed
    first: Mapping[str, Any] = {"audio": {"output": {"voice": config.voice}}}
    return {
        "response_create": dict(SILENT if data.greeting is False else first),
        "session_update": {"type": "realtime", "audio": {"input": hears, "output": speaks}},
    }


def gemini_options(config: GeminiRealtime, data: AgentData) -> dict[str, Any]:
    """``llmOptions`` for Gemini Live."""
    detection: dict[str, Any] = {
        "startOfSpeechSensitivity": config.start_of_speech_sensitivity,
        "endOfSpeechSensitivity": config.end_of_speech_sensitivity,
    }
    if config.silence_duration_ms is not None:
        detection["silenceDurationMs"] = config.silence_duration_ms
    setup: dict[str, Any] = {
        # jambonz 0.9.8 writes the verb's model here too; before that it had to stand here.
        "model": full_name(config.model),
        "generationConfig": {
            "speechConfig": {
                "voiceConfig": {"prebuiltVoiceConfig": {"voiceName": config.voice}},
            },
        },
        "realtimeInputConfig": {
            "automaticActivityDetection": detection,
            "activityHandling": config.activity_handling,
        },
    }
    if data.transcript:
        setup |= {"inputAudioTranscription": {}, "outputAudioTranscription": {}}
    return {"setup": setup}


def full_name(model: str) -> str:
    """A model's name as Gemini Live wants it."""
    return model if "/" in model else f"models/{model}"
