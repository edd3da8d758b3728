"""Turns what a tool returned into what the model gets, within a size that a voice call can bear."""

import base64
import dataclasses
import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal
from enum import Enum
from typing import Any

import orjson
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from app.tool.errors import UnencodableResult
from app.tool.phrases import CUT, FAILED

LIMIT = 4096
MAX_DEPTH = 64
FLAGS = orjson.OPT_NON_STR_KEYS
SORTED = FLAGS | orjson.OPT_SORT_KEYS


def encode_result(value: object, *, limit: int = LIMIT) -> bytes:
    """The tool output for a value as JSON text: always an object of plain JSON values.

    An object (a mapping, dataclass or pydantic model) stays as it is; anything else becomes
    ``{"result": value}``, None ``{"result": null}``. Dates, enums, UUIDs, sets and bytes are
    written as text or arrays, a Decimal as text, NaN and infinity as null.

    Args:
        value: What the tool returned.
        limit: Bytes of JSON. What is longer is cut: a text in the middle of a word, anything else
            as its JSON text; ``note`` then says so. At least 128.

    Raises:
        UnencodableResult: JSON cannot hold it.
    """
    encoded = to_json(value)
    is_object = encoded[:1] == b"{"
    output = encoded if is_object else b'{"result":%b}' % encoded
    if len(output) <= limit:
        return output
    plain = orjson.loads(output)
    only = plain.get("result") if len(plain) == 1 else None
    text = only if isinstance(only, str) else encoded.decode()
    return to_json(cut(text, len(encoded), limit))


def cut(text: str, whole: int, limit: int) -> dict[str, Any]:
    """As much of a text as fits beside the note that tells of the cut."""
    room = max(limit, 128) - len(
        to_json({"result": "", "note": CUT.format(whole=whole, kept=limit)})
    )
    piece = text[:room]
    # Quotes, backslashes and letters beyond ASCII take more than one byte.
    while (size := len(orjson.dumps(piece)) - 2) > room:
        piece = piece[: min(len(piece) - 1, len(piece) * room // size)]
    kept = len(piece.encode())
    return {"result": piece, "note": CUT.format(whole=whole, kept=kept)}


def once_key(arguments: Mapping[str, Any]) -> str:
    """One short text for validated arguments; equal arguments give equal texts."""
    return hashlib.blake2b(to_json(dict(arguments), SORTED), digest_size=16).hexdigest()


def to_json(value: object, flags: int = FLAGS) -> bytes:
    """JSON of anything that a tool may reasonably return."""
    try:
        return orjson.dumps(value, default=plain_value, option=flags)
    except orjson.JSONEncodeError:
        return write_slowly(value, flags)


def write_slowly(value: object, flags: int) -> bytes:
    """For what orjson refuses outright: large integers, broken Unicode, odd keys, deep nesting."""
    try:
        return orjson.dumps(plain_tree(value, 0), option=flags)
    except (TypeError, ValueError, RecursionError) as error:
        raise UnencodableResult(
            FAILED,
            f"the result has no JSON form ({error}); return a dict, list, str, number, bool, None, "
            "dataclass or pydantic model",
        ) from error


def plain_value(value: Any) -> Any:
    """One value that orjson does not know, one step nearer to JSON."""
    for kind, write in WRITERS:
        if isinstance(value, kind) and not isinstance(value, type):
            return write(value)
    if isinstance(value, Iterator):
        raise TypeError("a generator may never end; return a list")
    return to_jsonable_python(value)


def plain_tree(value: Any, depth: int) -> Any:
    """A value and everything in it as JSON can hold it."""
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}, or in a circle")
    if isinstance(value, dict):
        return {plain_key(key): plain_tree(part, depth + 1) for key, part in value.items()}
    if isinstance(value, list):
        return [plain_tree(part, depth + 1) for part in value]
    if isinstance(value, str | int | float | None) and not isinstance(value, Enum):
        return plain_scalar(value)
    return plain_tree(simpler(value), depth + 1)


def plain_scalar(value: object) -> object:
    """Numbers beyond 64 bits become text, broken Unicode a question mark."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    return value


def simpler(value: Any) -> Any:
    """One value, one step nearer to dicts, lists and scalars."""
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = (part.name for part in dataclasses.fields(value))
        # As orjson does it: a leading underscore is private.
        return {name: getattr(value, name) for name in names if not name.startswith("_")}
    try:
        return orjson.loads(orjson.dumps(value))
    except orjson.JSONEncodeError:
        return plain_value(value)


def plain_key(key: object) -> str:
    """The key of an object, as text."""
    if isinstance(key, str):
        return key.encode(errors="replace").decode()
    plain = plain_tree(key, 0)
    return plain if isinstance(plain, str) else orjson.dumps(plain).decode()


def text_of(value: bytes) -> str:
    """Bytes as the text they hold, else in base64."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()


def sorted_set(value: AbstractSet[Any]) -> list[Any]:
    """A set in an order that does not depend on how it was filled."""
    return sorted(value, key=lambda part: to_json(part, SORTED))


# What neither orjson nor pydantic writes as we want it; the first that fits.
WRITERS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (BaseModel, lambda value: value.model_dump(mode="json")),
    (Mapping, dict),
    (AbstractSet, sorted_set),
    ((bytes, bytearray, memoryview), lambda value: text_of(bytes(value))),
    (Decimal, lambda value: str(value) if value.is_finite() else None),
    (tuple, lambda value: value._asdict() if hasattr(value, "_asdict") else list(value)),
    (Collection, list),
)
