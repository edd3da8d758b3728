"""The vendors of speech-to-speech models, as open-source jambonz and their documents have them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.twin.speech import events, reading, updates
from app.twin.speech.events import Write
from app.twin.speech.reading import Tool
from app.twin.speech.updates import Take

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vendor:
    """One vendor.

    Attributes:
        prompt: Where the prompt stands in `llmOptions`.
        tools: Where the tools stand.
        read_tools: What reads them; None where they are kept by the vendor.
        read_output: Takes a tool output's data and the id of the call; None if it is no output.
        updates: What llm:update may bring, by type; None ignores all.
        events: Its own events, by what happened.
        first: Where something stands that makes the model speak first.
        batches: Whether tool calls of one reply come in one message.
        filter_name: The name that `events` is held against, where it is not the event's type.
    """

    prompt: Path
    tools: Path
    read_tools: Callable[[Any], list[Tool]] | None
    read_output: Callable[[Any, str], Any]
    updates: Mapping[str, Take] | None
    events: Mapping[str, Write] = field(default_factory=dict)
    first: Path = ()
    batches: bool = False
    filter_name: str = ""


REALTIME = Vendor(
    prompt=("session_update", "instructions"),
    tools=("session_update", "tools"),
    read_tools=reading.realtime_tools,
    read_output=reading.realtime_output,
    updates=updates.REALTIME,
    events=events.REALTIME,
    first=("response_create",),
)
GPTLIVE = Vendor(
    prompt=("session_update", "instructions"),
    tools=("session_update", "delegation", "responses", "tools"),
    read_tools=reading.realtime_tools,
    read_output=reading.live_output,
    updates=updates.LIVE,
    events=events.REALTIME,
)
GOOGLE = Vendor(
    prompt=("setup", "systemInstruction", "parts"),
    tools=("setup", "tools"),
    read_tools=reading.gemini_tools,
    read_output=reading.gemini_output,
    updates={},
    events=events.GEMINI,
    batches=True,
    filter_name="llm_event",
)
ULTRAVOX = Vendor(
    prompt=("systemPrompt",),
    tools=("selectedTools",),
    read_tools=reading.ultravox_tools,
    read_output=reading.ultravox_output,
    updates=updates.ULTRAVOX,
    events=events.ULTRAVOX,
    first=("systemPrompt",),
)
DEEPGRAM = Vendor(
    prompt=("Settings", "agent", "think", "prompt"),
    tools=("Settings", "agent", "think", "functions"),
    read_tools=lambda tools: [dict(tool) for tool in reading.objects(tools)],
    read_output=reading.deepgram_output,
    updates=updates.DEEPGRAM,
    events=events.DEEPGRAM,
    first=("Settings", "agent", "greeting"),
)
ELEVENLABS = Vendor(
    prompt=(
        "conversation_initiation_client_data",
        *("conversation_config_override", "agent", "prompt", "prompt"),
    ),
    tools=(),
    read_tools=None,
    read_output=reading.elevenlabs_output,
    updates=None,
    events=events.ELEVENLABS,
)
NOVA = Vendor(
    prompt=("systemPrompt",),
    tools=("promptStart", "toolConfiguration", "tools"),
    read_tools=reading.nova_tools,
    read_output=reading.any_output,
    updates=None,
    first=("greeting",),
)
VENDORS: dict[str, Vendor] = {
    **dict.fromkeys(("openai", "microsoft", "xai", "qwen", "voicelive"), REALTIME),
    **dict.fromkeys(("deepgram", "voiceagent"), DEEPGRAM),
    "gptlive": GPTLIVE,
    "google": GOOGLE,
    "ultravox": ULTRAVOX,
    "elevenlabs": ELEVENLABS,
    "nova": NOVA,
}
UNKNOWN = Vendor(
    prompt=("systemPrompt",),
    tools=("tools",),
    read_tools=reading.realtime_tools,
    read_output=reading.any_output,
    updates=None,
)


def vendor_of(verb: Mapping[str, Any]) -> Vendor:
    """The vendor that a verb names, or is named by."""
    name = verb.get("vendor") or str(verb["verb"]).removesuffix("_s2s")
    return VENDORS.get(name, UNKNOWN)
