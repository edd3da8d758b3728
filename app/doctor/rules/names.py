"""Names that jambonz knows, and what a wrong one was meant to be."""

from collections.abc import Iterable

from app.verbs.names import fold
from app.verbs.names import nearest as nearest_option

COMMANDS = frozenset(
    {
        *("redirect", "call:status", "config", "dial", "dub", "record", "mute:status"),
        *("conf:mute-status", "conf:hold-status", "conf:participant-action"),
        *("listen:status", "stream:status", "transcribe:status", "whisper", "sip:request"),
        *("dtmf", "boostAudioSignal", "media:path", "llm:tool-output", "llm:update"),
        *("tts:tokens", "tts:flush", "tts:clear", "agent:update", "tag"),
        *("noiseIsolation:status", "room:say", "room:play", "stt:reconfigure"),
    }
)
"""Every command that some release of jambonz takes."""

OFTEN_MEANT = {
    "mute": "mute:status",
    "agent:tool-output": "llm:tool-output",
    "llm:tool-update": "llm:update",
    "hangup": "call:status",
    "inject": "redirect",
}
"""Names that are seen in texts and SDKs, and do not exist."""

FIELDS = frozenset(
    {"type", "command", "data", "queueCommand", "callSid", "tool_call_id", "msgid", "b3"}
)
"""What is read beside the data of a command."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that a wrong one was probably meant to be."""
    known = sorted(known)
    if name in OFTEN_MEANT and OFTEN_MEANT[name] in known:
        return OFTEN_MEANT[name]
    return nearest_option(name, known)


def is_same(name: str, other: str) -> bool:
    """Whether two names differ only in case, underscores and hyphens."""
    return fold(name) == fold(other)
