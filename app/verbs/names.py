"""Names: Python's snake_case to jambonz' spelling, and what a wrong name was meant to be."""

import difflib
from collections.abc import Iterable, Mapping

# Names that jambonz itself spells with underscores.
SNAKE_ON_THE_WIRE = (
    "account_sid",
    "application_sid",
    "call_hook",
    "call_status_hook",
    "dual_streams",
    "message_sid",
    "speech_recognizer_language",
    "speech_recognizer_vendor",
    "speech_synthesis_language",
    "speech_synthesis_vendor",
    "speech_synthesis_voice",
)

# Wire names that do not follow from the Python name.
IRREGULAR: Mapping[str, str] = {
    **dict(zip(SNAKE_ON_THE_WIRE, SNAKE_ON_THE_WIRE, strict=True)),
    "base_url": "baseURL",
    "forward_pai": "forwardPAI",
    "recording_id": "recordingID",
    "siprec_server_url": "siprecServerURL",
}

# What people write from habit with other SDKs, folded, and what it is called here.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "allowinterruptions": ("barge_in", "enable"),
    "apikey": ("auth",),
    "asr": ("stt",),
    "body": ("text",),
    "callback": ("action_hook",),
    "caller": ("from_", "caller_id"),
    "code": ("status",),
    "content": ("body", "text"),
    "destination": ("target", "refer_to", "to"),
    "digits": ("dtmf",),
    "duration": ("length", "max_length", "timeout"),
    "enable": ("enabled",),
    "enabled": ("enable",),
    "endpoint": ("url",),
    "file": ("url",),
    "firstmessage": ("greeting",),
    "functions": ("tools",),
    "greet": ("greeting",),
    "history": ("messages",),
    "holdmusic": ("wait_hook", "on_hold_music"),
    "hook": ("action_hook",),
    "initialmessages": ("messages",),
    "interruptible": ("barge_in",),
    "interruptions": ("barge_in",),
    "key": ("finish_on_key",),
    "keys": ("dtmf",),
    "keywords": ("hints",),
    "lang": ("language",),
    "language": ("lang",),
    "maxoutputtokens": ("max_tokens",),
    "maxcompletiontokens": ("max_tokens",),
    "mcp": ("mcp_servers",),
    "message": ("text",),
    "model": ("llm",),
    "mediaurl": ("media",),
    "ms": ("length",),
    "music": ("wait_hook", "on_hold_music"),
    "muted": ("join_muted",),
    "noisecancellation": ("noise_isolation",),
    "noisesuppression": ("noise_isolation",),
    "number": ("target", "number", "refer_to", "to"),
    "onend": ("action_hook",),
    "onevent": ("event_hook",),
    "persona": ("instructions",),
    "phone": ("number", "target"),
    "prompt": ("instructions", "text"),
    "provider": ("vendor",),
    "queue": ("name",),
    "recipient": ("to", "target"),
    "recognizer": ("stt",),
    "recording": ("record",),
    "roomname": ("name",),
    "seconds": ("length",),
    "servers": ("mcp_servers",),
    "silencetimeout": ("no_response_timeout",),
    "sender": ("from_",),
    "speech": ("text",),
    "statuscode": ("status",),
    "stream": ("listen",),
    "synthesizer": ("tts",),
    "system": ("instructions", "system_prompt"),
    "systemmessage": ("instructions", "system_prompt"),
    "systemprompt": ("instructions", "system_prompt"),
    "to": ("target",),
    "transcriber": ("stt", "recognizer"),
    "uri": ("url", "sip_uri"),
    "voice": ("tts", "synthesizer"),
    "webhook": ("action_hook",),
}


def wire_name(name: str) -> str:
    """The wire's spelling of a Python name: ``turn_detection`` as ``turnDetection``."""
    if name in IRREGULAR:
        return IRREGULAR[name]
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(part.capitalize() for part in rest)


def python_name(wire: str) -> str:
    """Python's spelling of a regular name of the wire: ``waitHook`` as ``wait_hook``."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in wire)


def fold(name: str) -> str:
    """A name without case, underscores and hyphens, to compare spellings."""
    return name.replace("_", "").replace("-", "").lower()[:64]


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known option that a wrong name was probably meant to be, or None.

    Args:
        name: The wrong name.
        known: The right ones.
        cutoff: How much of it must be the same, from 0 to 1.
    """
    folded = {fold(option): option for option in known}
    wanted = fold(name)
    if wanted in folded:
        return folded[wanted]
    options = set(folded.values())
    habit = next((option for option in ALIASES.get(wanted, ()) if option in options), None)
    if habit is not None:
        return habit
    close = difflib.get_close_matches(wanted, folded, n=3, cutoff=cutoff)
    swapped = (one for one in [*close, *folded] if sorted(one) == sorted(wanted))
    best = next(swapped, close[0] if close else None)
    return folded[best] if best is not None else None


def did_you_mean(suggestion: str | None) -> str:
    """``; did you mean 'x'?``, or nothing."""
    return f"; did you mean {suggestion!r}?" if suggestion is not None else ""
