"""What a far end may write: messages of every kind, right and wrong, whole and in pieces."""

import itertools
import json
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from hypothesis import strategies as st

from tests.robustness.application import HOOKS, TOOLS

Json = dict[str, Any]
MESSAGES = Path(__file__).parents[1] / "protocol" / "messages.jsonl"
TEXT, BINARY, PING, CONTINUATION = 1, 2, 9, 0
PERSONAL = frozenset(
    {"from", "to", "caller_name", "transcript", "response", "digits", "text", "content", "tokens"}
)
ACKABLE = ("session:new", "session:redirect", "session:adulting", "verb:hook", "dial:confirm")

ODD: list[Any] = [
    *(None, True, -1, 0.5, 1e308, 2**63, -(2**63)),
    *("", "x", "x" * 600, "long" * 10_000, "\0", "é\u2028"),
    *([], [[1]], [None], [{"name": 1}], [{"id": "t1", "name": "quick"}]),
    *({}, {"a": {"b": []}}),
]
NESTED = st.recursive(
    st.sampled_from(ODD) | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=5,
)
KEYS = [
    *("type", "call_sid", "call_status", "tool_call_id", "name", "arguments", "args", "reason"),
    *("completion_reason", "latency", "tool_calls", "transcript", "interrupted", "speech"),
    *("customerData", "env_vars", "sip", "direction", "from", "msg", "details", "content"),
    *("account_sid", "trace_id", "duration", "function_calls", "error", "parent_call_sid"),
    *("event_type", "id", "status", "queue_position", "hold_detail", "conference_sid", "event"),
    *("digits", "result", "verb", "translation", "event_data", "participants", "usage", "turn"),
]
ENVELOPE = ["type", "msgid", "call_sid", "hook", "data", "b3", "extra"]


@cache
def samples() -> tuple[Json, ...]:
    """One message of each kind that jambonz sends, with what is personal in it marked."""
    lines = [orjson.loads(line) for line in MESSAGES.read_bytes().splitlines()]
    return tuple(marked(one["message"]) for one in lines if one["direction"] == "fs->app")


def marked(value: Any, key: str = "") -> Any:
    """A copy whose personal texts can be told in a log."""
    if isinstance(value, dict):
        return {name: marked(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [marked(inner, key) for inner in value]
    return f"PRIVATE {value}" if key in PERSONAL and isinstance(value, str) else value


@st.composite
def messages(draw: st.DrawFn, call_sid: str = "call-a") -> Json:
    """A message as jambonz may send it at any time: known, of this call, in no order."""
    message: Json = orjson.loads(orjson.dumps(draw(st.sampled_from(samples()))))
    message["msgid"] = f"m{draw(st.integers(0, 99_999))}"
    message["call_sid"] = call_sid
    data = message.setdefault("data", {})
    if "call_sid" in data:
        data["call_sid"] = draw(st.sampled_from([call_sid, call_sid, "another-leg"]))
    if message.get("hook"):
        message["hook"] = draw(st.sampled_from(HOOKS))
    if "tool_call_id" in data:
        data["tool_call_id"] = f"t{draw(st.integers(0, 9))}"
        data["name"] = draw(st.sampled_from([*(one.name for one in TOOLS), "unheard-of"]))
    return message


@st.composite
def mutants(draw: st.DrawFn, call_sid: str = "call-a") -> Json:
    """A message with fields that are wrong, missing, new or huge."""
    message = draw(messages(call_sid))
    for _ in range(draw(st.integers(1, 3))):
        data = message.get("data")
        is_inner = isinstance(data, dict) and draw(st.integers(0, 3)) > 0
        place: Json = data if is_inner and data else message
        own = sorted(place) if draw(st.booleans()) else []
        key = draw(st.sampled_from(own or (KEYS if is_inner else ENVELOPE)))
        if draw(st.integers(0, 4)):
            place[key] = marked(draw(NESTED), key)
        else:
            place.pop(key, None)
    return message


def encoded(message: object) -> bytes:
    """A message as text; lone surrogates are written as escapes, as any client may."""
    return json.dumps(message).encode()


def contents(call_sid: str) -> st.SearchStrategy[bytes]:
    """What a frame may hold."""
    return st.one_of(
        messages(call_sid).map(encoded),
        mutants(call_sid).map(encoded),
        mutants(call_sid).map(encoded),
        NESTED.map(encoded),
        st.binary(max_size=40),
    )


def frame(payload: bytes, opcode: int = TEXT, *, is_last: bool = True, reserved: int = 0) -> bytes:
    """One masked frame; the mask is zero, so that the payload stays readable."""
    size = len(payload)
    first = (0x80 if is_last else 0) | reserved | opcode
    if size < 126:
        return bytes((first, 0x80 | size)) + bytes(4) + payload
    if size < 65536:
        return bytes((first, 0xFE)) + size.to_bytes(2, "big") + bytes(4) + payload
    return bytes((first, 0xFF)) + size.to_bytes(8, "big") + bytes(4) + payload


@st.composite
def fragments(draw: st.DrawFn, call_sid: str) -> bytes:
    """A message in pieces, with pings between them."""
    payload = draw(contents(call_sid))
    cuts = sorted(draw(st.lists(st.integers(0, len(payload)), max_size=4)))
    edges = [0, *cuts, len(payload)]
    pieces = [payload[start:end] for start, end in itertools.pairwise(edges)]
    written = b""
    for number, piece in enumerate(pieces):
        opcode = CONTINUATION if number else draw(st.sampled_from([TEXT, BINARY]))
        written += frame(piece, opcode, is_last=number == len(pieces) - 1)
        written += frame(b"p", PING) * draw(st.integers(0, 2)) if piece is not pieces[-1] else b""
    return written


def fine(call_sid: str) -> st.SearchStrategy[bytes]:
    """Frames that keep to the WebSocket protocol, whatever is in them."""
    content = contents(call_sid)
    return st.one_of(
        content.map(frame),
        content.map(frame),
        content.map(lambda payload: frame(payload, BINARY)),
        messages(call_sid).map(encoded).map(lambda payload: frame(payload) * 2),
        fragments(call_sid),
        st.integers(1, 200).map(lambda count: frame(b"ping", PING) * count),
    )


def broken(call_sid: str) -> st.SearchStrategy[bytes]:
    """Bytes that do not: wrong frames, closing codes of any kind, frames cut at any byte."""
    whole = contents(call_sid).map(frame)
    return st.one_of(
        st.binary(max_size=30),
        st.builds(
            lambda payload, opcode, is_last, reserved: frame(
                payload, opcode, is_last=is_last, reserved=reserved
            ),
            st.binary(max_size=140),
            st.integers(0, 15),
            st.booleans(),
            st.sampled_from([0, 0x10, 0x20, 0x40, 0x70]),
        ),
        st.integers(0, 65535).map(lambda code: frame(code.to_bytes(2, "big") + b"why", 8)),
        st.just(frame(b"", 8)),
        st.builds(lambda one, share: one[: int(len(one) * share)], whole, st.floats(0, 1)),
    )


def opening(kind: str, call_sid: str) -> bytes:
    """The first message of a call."""
    sample = next(one for one in samples() if one["type"] == "session:new")
    data = {**sample["data"], "call_sid": call_sid}
    return encoded({**sample, "type": kind, "msgid": "first", "call_sid": call_sid, "data": data})
