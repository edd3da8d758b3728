"""Frames: JSON objects in text frames, of two types, not too large."""

from collections.abc import Iterator, Mapping

from app.doctor.finding import Finding
from app.doctor.limits import MAX_FRAME
from app.doctor.rules.names import COMMANDS, nearest
from app.doctor.rules.seen import Seen, show

TYPES = ("ack", "command")
LARGEST_PARTS = 3


def is_json(seen: Seen) -> Iterator[Finding]:
    """Each frame holds a JSON object."""
    for came in seen.transcript.came:
        if not isinstance(came.frame, Mapping):
            yield Finding(
                "not-json", "frame", came.raw[:160], "a JSON object in each frame", at=came.at
            )


def is_text(seen: Seen) -> Iterator[Finding]:
    """No frame is binary."""
    for came in seen.transcript.came:
        if came.is_binary:
            yield Finding(
                "binary-frame",
                seen.name(came),
                f"a binary frame of {came.size} bytes",
                "a text frame: jambonz reads binary ones by an oversight",
                at=came.at,
            )


def types(seen: Seen) -> Iterator[Finding]:
    """The type is ack or command."""
    for came in seen.transcript.came:
        if not isinstance(came.frame, Mapping) or came.frame.get("type") in TYPES:
            continue
        type_ = came.frame.get("type")
        yield Finding(
            "unknown-type",
            "frame",
            f"type {show(type_)}" if type_ is not None else f"no type: {show(came.frame)}",
            "type ack or command: jambonz refuses any other",
            _fix_of_type(type_, came.frame),
            suggestion=_meant(type_),
            at=came.at,
        )


def _fix_of_type(type_: object, frame: Mapping[str, object]) -> str:
    if isinstance(type_, str) and type_ in COMMANDS:
        return f'Send {{"type": "command", "command": "{type_}", …}}.'
    if type_ is None and "command" in frame:
        return 'Add "type": "command".'
    if type_ is None and "msgid" in frame:
        return 'Add "type": "ack".'
    return ""


def _meant(type_: object) -> str | None:
    if not isinstance(type_, str):
        return None
    return "command" if type_ in COMMANDS else nearest(type_, TYPES)


def size(seen: Seen) -> Iterator[Finding]:
    """No frame is over the limit."""
    for came in seen.transcript.came:
        if came.size > MAX_FRAME:
            yield Finding(
                "frame-too-large",
                seen.name(came),
                f"{came.size} bytes; the largest parts: {_largest(came.frame)}",
                f"at most {MAX_FRAME} bytes after decompression: jambonz closes with 1009",
                at=came.at,
            )


def _largest(frame: object) -> str:
    parts = sorted(_parts(frame, ""), reverse=True)[:LARGEST_PARTS]
    return ", ".join(f"{path} ({length} characters)" for length, path in parts) or "none"


def _parts(value: object, path: str) -> Iterator[tuple[int, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _parts(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _parts(inner, f"{path}[{index}]")
    elif isinstance(value, str) and len(value) > 200:
        yield len(value), path


RULES = (is_json, is_text, types, size)
