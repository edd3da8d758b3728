"""Envelopes: ids and snake_casing of what goes out, and judging of what comes in."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

KEPT = frozenset({"customerData", "sip", "env_vars", "args"})
"""Keys of `data` below which nothing is renamed."""

DATALESS = frozenset({"llm:tool-output", "tts:flush", "tts:clear"})
"""Commands that may come without data."""

_CAPITAL = re.compile(r"(?<=[a-z0-9])[A-Z]|[A-Z](?=[a-z])")


_PLAIN = frozenset({str, int, float, bool, type(None)})


class BadFrame(Exception):
    """A frame that jambonz answers with `jambonz:error`; the message is its `details`."""


def snake(value: Any) -> Any:
    """Convert the keys of `data` to snake_case, except below the four that are kept."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Mapping):
        return {
            key if key in KEPT else snake_key(key): item if key in KEPT else snake(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [snake(item) for item in value]
    return value


@lru_cache(maxsize=4096)
def snake_key(key: str) -> str:
    """Convert one key: `sipStatus` becomes `sip_status`; a key that is no word stays."""
    if not key.isidentifier():
        return key
    return _CAPITAL.sub(lambda m: ("_" if m.start() else "") + m[0], key).lower()


def dumps(message: Mapping[str, Any]) -> str:
    """Write a message as JSON text."""
    return orjson.dumps(message).decode()


def read(raw: str | bytes) -> dict[str, Any]:
    """Read a frame of the application, which holds an ack or a command.

    Raises:
        BadFrame: If jambonz would refuse it.
    """
    try:
        frame = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BadFrame(f"not JSON: {error}") from error
    if not isinstance(frame, dict):
        raise BadFrame("a frame must hold a JSON object")
    match frame.get("type"):
        case "ack":
            _want_text(frame, "msgid")
        case "command":
            _check_command(frame)
        case None | "":
            raise BadFrame("type is required")
        case unknown:
            raise BadFrame(f"unknown type {unknown!r}: only ack and command are understood")
    return frame


def _check_command(frame: Mapping[str, Any]) -> None:
    _want_text(frame, "command")
    data = frame.get("data")
    is_false = data is None or data is False or data in ("", 0)  # to JavaScript: [] and {} are not
    if is_false and frame["command"] not in DATALESS:
        raise BadFrame(f"command {frame['command']}: data is required")


def _want_text(frame: Mapping[str, Any], key: str) -> None:
    if not isinstance(frame.get(key), str) or not frame[key]:
        raise BadFrame(f"{key} is required")
