"""Entries: what happened in a call, as the feed had it, written without being read again.

A part of a record is a JSON array of ``[id, time, kind, data]``, and where the data are a frame as
it came from jambonz of ``[id, time, kind, null, frame]``.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import orjson

from app.feed import Entry, Item
from app.logs import without_secrets

__all__ = ["TURN", "read_entries", "write_entries"]

TURN: Final = "turn"
"""Kind of an item that is no entry: the stages of the turn whose end stands before it."""

NEVER: Final = frozenset({TURN, "ack", "tts"})
"""Verbs hold prompts and the keys of vendors; what is spoken piece by piece is no event."""

DEEPEST: Final = 200


def write_entries(items: Sequence[Item]) -> str:
    """A part of a record; "" where nothing of it is worth keeping."""
    rows = [as_row(item) for item in items if item[2] not in NEVER]
    if not rows:
        return ""
    try:
        return orjson.dumps(rows, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # a number of more than 64 bits, in one of them
        return "[" + ",".join(map(write_alone, rows)) + "]"


def as_row(item: Item) -> tuple[object, ...]:
    """An entry for JSON."""
    number, at, kind, data = item
    if type(data) is bytes:
        return (number, at, kind, None, orjson.Fragment(data))
    if type(data) is tuple:
        call_id, name, output, outcome, ms = data
        told = {"tool_call_id": call_id, "name": name, "output": orjson.Fragment(output)}
        return (number, at, kind, {**told, "outcome": outcome, "ms": ms})
    return (number, at, kind, without_secrets(data, depth=DEEPEST))


def write_alone(row: tuple[object, ...]) -> str:
    """An entry, of which JSON cannot hold the data perhaps."""
    option = orjson.OPT_NON_STR_KEYS
    try:
        return orjson.dumps(row, default=str, option=option).decode()
    except TypeError:
        return orjson.dumps((*row[:3], {"note": "JSON cannot hold it"})).decode()


def read_entries(parts: Iterable[str]) -> Iterator[Entry]:
    """The entries of a call, from its parts in order; ids go up, also over a change of nodes."""
    offset = last = 0
    for part in parts:
        for number, at, kind, data, *frame in orjson.loads(part):
            if number + offset <= last:  # another node has begun to count anew
                offset = last
            last = number + offset
            yield Entry(last, at, kind, data_of(kind, frame[0]) if frame else data)


def data_of(kind: str, frame: dict[str, Any]) -> Any:
    """What a watcher saw of a frame: its data, for a hook with the hook's name."""
    content = frame.get("data") or {}
    return {"hook": frame.get("hook", ""), "data": content} if kind == "hook" else content
