"""The data of each command, as jambonz reads it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.doctor.rules.names import nearest
from app.doctor.rules.seen import show

Check = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value must be.

    Attributes:
        says: In words.
        fits: Whether a value is one.
        words: All that it may be, where that is a closed set.
    """

    says: str
    fits: Check
    words: tuple[str, ...] = ()


def one_of(*words: str) -> Kind:
    """A closed set of texts."""
    return Kind(" or ".join(map(repr, words)), lambda value: value in words, words)


def is_number(value: Any) -> bool:
    """Whether a value is a number, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


TEXT = Kind("text", lambda value: isinstance(value, str) and value != "")
NUMBER = Kind("a number", is_number)
BOOL = Kind("true or false", lambda value: isinstance(value, bool))
OBJECT = Kind("an object", lambda value: isinstance(value, Mapping))
TEXTS = Kind(
    "a list of texts",
    lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
)
HOOK = Kind("a hook", lambda value: isinstance(value, str | Mapping))
VERBS = Kind("a verb or a list of verbs", lambda value: isinstance(value, list | Mapping))
ANY = Kind("anything", lambda _: True)
TURNS = one_of("mute", "unmute")
RUNS = one_of("pause", "resume", "silence")
DECIBELS = re.compile(r"[+-]?\d+(\.\d+)?( ?dB)?", re.IGNORECASE)
TOKEN_ID = Kind("a number or text", lambda value: is_number(value) or TEXT.fits(value))
GAIN = Kind(
    "a number of dB, or text such as '6 dB'",
    lambda value: is_number(value) or (isinstance(value, str) and bool(DECIBELS.fullmatch(value))),
)

Shape = Mapping[str, Kind]
"""Keys of an object; those with `!` are required."""

OBJECTS: Mapping[str, Shape] = {
    "call:status": {"call_status!": one_of("completed", "no-answer")},
    "conf:hold-status": {"conf_hold_status!": one_of("hold", "unhold"), "wait_hook": HOOK},
    "conf:mute-status": {"conf_mute_status!": TURNS},
    "conf:participant-action": {
        "action!": one_of(
            *("tag", "untag", "coach", "uncoach", "mute", "unmute", "hold", "unhold", "kick")
        ),
        "tag": TEXT,
        "wait_hook": HOOK,
    },
    "dial": {
        "from!": TEXT,
        "to!": OBJECT,
        **dict.fromkeys(("application_sid", "callerName", "fromHost", "caller_name"), TEXT),
        **dict.fromkeys(("call_hook", "call_status_hook", "referHook"), HOOK),
        **dict.fromkeys(("timeout", "timeLimit"), NUMBER),
        **dict.fromkeys(("tag", "headers", "amd"), OBJECT),
        **dict.fromkeys(("answerOnBridge", "dual_streams"), BOOL),
        "sipRequestWithinDialogHook": HOOK,
        **dict.fromkeys(
            (
                "speech_synthesis_vendor",
                "speech_synthesis_language",
                "speech_synthesis_voice",
                "speech_recognizer_vendor",
                "speech_recognizer_language",
            ),
            TEXT,
        ),
        "codecs": ANY,
        "account_sid": TEXT,
    },
    "listen:status": {"listen_status!": RUNS},
    "mute:status": {"mute_status!": TURNS},
    "noiseIsolation:status": {
        "noise_isolation_status!": one_of("enable", "disable"),
        "vendor": TEXT,
        "level": NUMBER,
        "model": TEXT,
    },
    "record": {
        "action!": one_of(
            *("startCallRecording", "stopCallRecording"),
            *("pauseCallRecording", "resumeCallRecording"),
        ),
        "type": one_of("siprec", "cloud"),
        "siprecServerURL": Kind(
            "text or a list of texts", lambda value: TEXT.fits(value) or TEXTS.fits(value)
        ),
        "recordingID": TEXT,
        "headers": OBJECT,
        "silence": BOOL,
    },
    "room:play": {"url!": TEXT, "id": TEXT, "replace": BOOL},
    "room:say": {"text!": TEXT, "synthesizer": OBJECT, "loop": ANY, "id": TEXT, "replace": BOOL},
    "stream:status": {"stream_status!": RUNS},
    "stt:reconfigure": {"languageHints!": TEXTS},
    "transcribe:status": {"transcribe_status!": one_of("pause", "resume")},
    "tts:tokens": {"id!": TOKEN_ID, "tokens!": TEXT},
    "whisper": {"whisper!": VERBS},
}
"""Commands whose data is an object."""

NESTED: Mapping[str, tuple[str, Shape]] = {
    "dtmf": ("dtmf", {"digit!": TEXT, "duration": NUMBER}),
    "sip:request": (
        "sip_request",
        {"method!": TEXT, "content_type": TEXT, "content": TEXT, "headers": OBJECT},
    ),
}
"""Commands whose data is read below a key of its own; what stands beside that key is ignored."""

BARE: Mapping[str, Kind] = {
    "boostAudioSignal": GAIN,
    "media:path": one_of("no-media", "partial-media", "full-media"),
    "llm:update": OBJECT,
    "tag": OBJECT,
}
"""Commands whose data is the value itself."""

OR_BARE: Mapping[str, Kind] = {"mute:status": TURNS}
"""Commands whose data may be the value itself."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """Where data does not have its shape."""

    path: str
    came: str
    expected: str
    suggestion: str | None = None


def misfits(data: Any, shape: Shape, where: str = "data") -> Iterator[Misfit]:
    """Every place where an object does not have its shape."""
    if not isinstance(data, Mapping):
        yield Misfit(where, show(data), f"an object with {', '.join(map(bare, shape))}")
        return
    known = {bare(key): kind for key, kind in shape.items()}
    for key, value in data.items():
        if key not in known:
            yield Misfit(
                f"{where}.{key}", str(key), f"one of {', '.join(known)}", nearest(key, known)
            )
        elif not known[key].fits(value):
            words = known[key].words
            close = nearest(value, words) if isinstance(value, str) and words else None
            yield Misfit(f"{where}.{key}", show(value), known[key].says, close)
    for key in shape:
        if key.endswith("!") and bare(key) not in data:
            yield Misfit(f"{where}.{bare(key)}", "nothing", known[bare(key)].says)


def bare(key: str) -> str:
    """A key without its mark."""
    return key.rstrip("!")
