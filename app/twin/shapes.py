"""The shapes of what the twin acts on: jambonz refuses a verb whose properties have others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Shape = Mapping[str, "Kind"]
"""An object: the kinds of those of its properties that the twin acts on."""


@dataclass(frozen=True, slots=True)
class Each:
    """A list, each item of one kind."""

    kind: "Kind"


@dataclass(frozen=True, slots=True)
class Word:
    """One of some words."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """A list for what is shared by both legs, or an object by leg."""

    shared: Each
    by_leg: Shape


Kind = tuple[type, ...] | Shape | Each | Word | Either
"""What a value may be: of some types, an object of some shape, a list, or a word."""

NUMBER = (int, float)
TEXT = (str,)
FLAG = (bool,)
OBJECT = (dict,)
HOOK = (str, dict)
TEXTS = (str, list)

_NAMES = {str: "a text", bool: "true or false", dict: "an object", list: "a list"}


def problem(kind: Kind, value: Any, path: str) -> str:
    """What is wrong with a value, or ""."""
    if isinstance(kind, Each):
        items = value if isinstance(value, list) else [None]
        found = [problem(kind.kind, item, f"{path}[{i}]") for i, item in enumerate(items)]
        return (
            next(filter(None, found), "") if isinstance(value, list) else f"{path} must be a list"
        )
    if isinstance(kind, Either):
        return problem(kind.shared if isinstance(value, list) else kind.by_leg, value, path)
    if isinstance(kind, Word):
        is_known = isinstance(value, str) and value in kind.words
        return "" if is_known else f"{path} must be one of {', '.join(kind.words)}"
    if isinstance(kind, tuple):
        return "" if _is_of(kind, value) else f"{path} must be {_wanted(kind)}"
    if not isinstance(value, dict):
        return f"{path} must be an object"
    return problem_within(kind, value, f"{path}.")


def problem_within(shape: Shape, value: Mapping[str, Any], before: str = "") -> str:
    """What is wrong with the properties of an object, or ""."""
    found = (problem(kind, value[key], before + key) for key, kind in shape.items() if key in value)
    return next(filter(None, found), "")


def _is_of(types: tuple[type, ...], value: Any) -> bool:
    return isinstance(value, types) and (not isinstance(value, bool) or bool in types)


def _wanted(types: tuple[type, ...]) -> str:
    named = ["a number" if type_ in NUMBER else _NAMES[type_] for type_ in types]
    return " or ".join(dict.fromkeys(named))


_LOOP = (int, str)
_AMD: Shape = {"thresholdWordCount": NUMBER, "recognizer": OBJECT, "actionHook": HOOK}
_GATHER: Shape = {
    "input": Each(TEXT),
    "say": {"text": TEXTS},
    "play": {"url": TEXTS},
    "recognizer": {"minConfidence": NUMBER},
    "finishOnKey": TEXT,
    **dict.fromkeys(("timeout", "interDigitTimeout", "numDigits"), NUMBER),
    **dict.fromkeys(("minDigits", "maxDigits"), NUMBER),
}
_LISTEN: Shape = {"maxLength": NUMBER, "finishOnKey": TEXT}
_DISPOSE = Word(("return", "voicemail", "hangup"))
_TRANSFER: Shape = {
    "mode": Word(("blind", "warm")),
    "blindMethod": Word(("refer", "dial")),
    "target": Each(OBJECT),
    "confirm": {"prompt": TEXT, "digit": TEXT},
    "disposition": {
        **dict.fromkeys(("onNoAnswer", "onBusy", "onDecline", "onFailure"), _DISPOSE),
        "voicemailUrl": TEXT,
    },
    "amd": _AMD,
    "onHoldHook": HOOK,
    "toolName": TEXT,
    "toolDescription": TEXT,
}
_ROOM: Shape = {
    **dict.fromkeys(("startConferenceOnEnter", "endConferenceOnExit", "joinMuted"), FLAG),
    "maxParticipants": NUMBER,
    "statusEvents": Each(TEXT),
}

VERB_SHAPES: dict[str, Shape] = {
    "agent": {
        **dict.fromkeys(("llm", "bargeIn", "hangup"), OBJECT),
        **dict.fromkeys(("noResponseTimeout", "noResponseMaxPrompts"), NUMBER),
        "handoff": _TRANSFER,
        "toolFiller": (bool, dict),
    },
    "conference": _ROOM,
    "config": {
        "notifyEvents": FLAG,
        "amd": _AMD,
        "bargeIn": _GATHER,
        **dict.fromkeys(("listen", "record", "stream", "transcribe", "ttsStream"), OBJECT),
    },
    "dequeue": {"timeout": NUMBER, "beep": FLAG},
    "dial": {
        "target": Each(OBJECT),
        "amd": _AMD,
        "dtmfCapture": Either(Each(TEXT), {"parentCall": Each(TEXT), "childCall": Each(TEXT)}),
        "tag": OBJECT,
    },
    "enqueue": {"priority": NUMBER},
    "gather": _GATHER,
    "listen": _LISTEN,
    "llm": {"llmOptions": OBJECT},
    "llmOptions": {
        "messages": Each(OBJECT),
        "initialMessages": Each(OBJECT),
        "tools": Each(OBJECT),
    },
    "pause": {"length": NUMBER},
    "play": {"timeoutSecs": NUMBER, "loop": _LOOP, "url": TEXTS},
    "room": _ROOM,
    "say": {"text": TEXTS, "loop": _LOOP},
    "sip:decline": {"status": (int,)},
    "stream": _LISTEN,
    "tag": {"data": OBJECT},
    "transfer": _TRANSFER,
}
"""By the name of a verb, or of a part of the agent verb."""
