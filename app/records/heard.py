"""What an event tells of the conversation, whoever's model runs: one word for all vendors."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple

__all__ = ["Heard", "hear", "is_cancelled"]

What = Literal["caller", "agent", "interruption", "done"]
Data = Mapping[str, Any]


class Heard(NamedTuple):
    """One thing of a conversation.

    Attributes:
        what: Who spoke, or that the caller spoke over the agent, or that a turn is over.
        text: What was said.
        is_piece: Whether the text goes on what came before, as Google's does.
    """

    what: What
    text: str = ""
    is_piece: bool = False


def hear(data: Data) -> list[Heard]:
    """What an event tells; nothing, as a rule."""
    name = data.get("type")
    read = READERS.get(name) if isinstance(name, str) else None
    if read is not None:
        return read(data)
    content = either(data, "server_content", "serverContent")
    return google(content) if isinstance(content, Mapping) else []


def either(data: Data, *names: str) -> Any:
    """The value under the first of these names."""
    return next((data[name] for name in names if name in data), None)


def text_at(data: Data, *path: str) -> str:
    """A text within; empty where there is none."""
    value: Any = data
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def says(what: What, *path: str) -> Callable[[Data], list[Heard]]:
    """Reads an event that tells what somebody said."""

    def read(data: Data) -> list[Heard]:
        return [Heard(what, text)] if (text := text_at(data, *path)) else []

    return read


def tells(what: What) -> Callable[[Data], list[Heard]]:
    """Reads an event that tells that something happened."""
    return lambda _: [Heard(what)]


def elevenlabs_or_agent(data: Data) -> list[Heard]:
    """``agent_response``: the agent verb's older name, and one of ElevenLabs."""
    text = text_at(data, "response") or text_at(data, "agent_response_event", "agent_response")
    return [Heard("agent", text)] if text else []


def caller_of_either(data: Data) -> list[Heard]:
    """``user_transcript``: the agent verb's, and one of ElevenLabs."""
    inner = text_at(data, "user_transcription_event", "user_transcript")
    text = text_at(data, "transcript") or inner
    return [Heard("caller", text)] if text else []


def by_role(data: Data) -> list[Heard]:
    """``transcript`` of Ultravox once it is final, and ``ConversationText`` of Deepgram."""
    if data.get("final") is False:
        return []
    text = text_at(data, "text") or text_at(data, "content")
    what: What = "caller" if data.get("role") == "user" else "agent"
    return [Heard(what, text)] if text else []


def google(content: Data) -> list[Heard]:
    """Google's events may tell several things at once, and tell texts piece by piece."""
    found: list[Heard] = []
    said = either(content, "input_transcription", "inputTranscription")
    if isinstance(said, Mapping) and (text := text_at(said, "text")):
        found.append(Heard("caller", text, is_piece=True))
    said = either(content, "output_transcription", "outputTranscription")
    if isinstance(said, Mapping) and (text := text_at(said, "text")):
        found.append(Heard("agent", text, is_piece=True))
    if content.get("interrupted"):
        found.append(Heard("interruption"))
    if either(content, "turn_complete", "turnComplete"):
        found.append(Heard("done"))
    return found


READERS: Final[Mapping[str, Callable[[Data], list[Heard]]]] = {
    "user_transcript": caller_of_either,
    "agent_response": elevenlabs_or_agent,
    "llm_response": says("agent", "response"),
    "user_interruption": tells("interruption"),
    "interruption": tells("interruption"),
    "conversation.item.input_audio_transcription.completed": says("caller", "transcript"),
    "response.audio_transcript.done": says("agent", "transcript"),
    "response.output_audio_transcript.done": says("agent", "transcript"),
    "response.done": tells("done"),
    # Before the model has said anything it is no interruption: see `Story`.
    "input_audio_buffer.speech_started": tells("interruption"),
    "transcript": by_role,
    "playback_clear_buffer": tells("interruption"),
    "ConversationText": by_role,
    "UserStartedSpeaking": tells("interruption"),
    "AgentAudioDone": tells("done"),
}


def is_cancelled(data: Data) -> bool:
    """Whether a response of OpenAI's was cut off."""
    response = data.get("response")
    return isinstance(response, Mapping) and response.get("status") == "cancelled"
