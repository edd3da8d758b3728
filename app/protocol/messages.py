"""What jambonz sends: one envelope, fifteen types, two dialects, one internal form.

Every frame is ``{type, msgid, call_sid?, hook?, data?, b3?}``. The same thing comes under several
names: tool calls as ``agent:tool-call``, ``llm:tool-call`` or ``verb:hook``; agent events as
``agent:event``, ``llm:event`` or ``verb:hook``. :func:`decode` folds them into one :class:`Kind`.
Unknown types and fields are kept: a later jambonz must not break a call.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import orjson

from app.protocol.errors import MalformedMessage
from app.protocol.events import EVENT_TYPES

CONTENT_SHOWN = 200
# Real messages stay far below these. What is deeper could not be written as JSON again.
MAX_DEPTH = 100
# A level takes two brackets, and orjson writes 254 levels: what is as short as this is never deep.
SHORT = 500
MAX_ID = 512
MAX_HOOK = 8192


class Kind(Enum):
    """What a message means, whatever name it came under."""

    # That of Enum is a Python function, and tables by kind are looked into for every message.
    __hash__ = object.__hash__

    SESSION_NEW = auto()
    SESSION_RECONNECT = auto()
    SESSION_REDIRECT = auto()
    SESSION_ADULTING = auto()
    VERB_HOOK = auto()
    DIAL_CONFIRM = auto()
    CALL_STATUS = auto()
    VERB_STATUS = auto()
    ERROR = auto()
    AGENT_EVENT = auto()
    LLM_EVENT = auto()  # an agent's event in truth of a speech-to-speech model: the session knows
    TOOL_CALL = auto()
    TTS_EVENT = auto()
    TTS_RESULT = auto()
    UNKNOWN = auto()


# Wire type → (kind, whether jambonz waits 5 s for an ack).
TYPES: dict[str, tuple[Kind, bool]] = {
    "session:new": (Kind.SESSION_NEW, True),
    "session:reconnect": (Kind.SESSION_RECONNECT, True),
    "session:redirect": (Kind.SESSION_REDIRECT, True),
    "session:adulting": (Kind.SESSION_ADULTING, True),
    "verb:hook": (Kind.VERB_HOOK, True),
    "dial:confirm": (Kind.DIAL_CONFIRM, True),
    "call:status": (Kind.CALL_STATUS, False),
    "verb:status": (Kind.VERB_STATUS, False),
    "jambonz:error": (Kind.ERROR, False),
    "llm:event": (Kind.AGENT_EVENT, False),
    "llm:tool-call": (Kind.TOOL_CALL, False),
    "agent:event": (Kind.AGENT_EVENT, False),
    "agent:tool-call": (Kind.TOOL_CALL, False),
    "tts:streaming-event": (Kind.TTS_EVENT, False),
    "tts:tokens-result": (Kind.TTS_RESULT, False),
}
UNKNOWN = (Kind.UNKNOWN, False)
SESSION_NEW, VERB_HOOK = Kind.SESSION_NEW, Kind.VERB_HOOK
ENVELOPE = frozenset({"type", "msgid", "call_sid", "hook", "data", "b3"})
CALL_FACTS = frozenset(
    (
        "call_sid",
        "account_sid",
        "application_sid",
        "service_provider_sid",
        "direction",
        "from",
        "to",
        "caller_name",
        "caller_id",
        "call_id",
        "sbc_callid",
        "sip_status",
        "sip_reason",
        "call_status",
        "trace_id",
        "has_recording",
        "originating_sip_ip",
        "originating_sip_trunk_name",
        "local_sip_address",
        "public_ip",
        "fs_sip_address",
        "fs_public_ip",
        "api_base_url",
        "participants",
        "sip",
        "defaults",
        "env_vars",
        "customerdata",
        "customerData",
        "parent_call_sid",
    )
)


@dataclass(slots=True)
class Message:
    """One frame from jambonz.

    Attributes:
        kind: What it means; see :class:`Kind`.
        type: The type as written on the wire.
        msgid: Copied into the ack; fresh for each message.
        call_sid: The leg, from the envelope or else from ``data``; empty if neither has it.
        hook: The hook as the application wrote it, or empty.
        data: The payload, as it came.
        wants_ack: Whether jambonz waits 5 s for an ack of this message.
        received: Monotonic seconds at which it came.
        b3: Trace context in B3 single-header form, or empty.
        is_cut: Whether what was nested too deeply has been left out.
        unknown: Fields of the envelope and of a call's facts that this release does not know.
    """

    kind: Kind
    type: str
    msgid: str
    call_sid: str
    hook: str
    data: dict[str, Any]
    wants_ack: bool
    received: float
    b3: str
    is_cut: bool = False
    unknown: Collection[str] = ()


def decode(text: str | bytes, received: float) -> Message:
    """Read one frame; ``received`` is the monotonic time at which it came.

    Raises:
        MalformedMessage: It is no JSON object with a ``type``, its ``data`` is no object, or an id
            is too long.
    """
    frame = parse(text)
    is_cut = may_be_deep(text) and is_deep(frame)
    if is_cut:
        frame = cut(frame, MAX_DEPTH)
    data = frame.get("data")
    if data is None:
        data = {}
    elif not isinstance(data, dict):
        raise MalformedMessage(
            f"expected 'data' to be an object, got {type(data).__name__}", shown(text)
        )
    wire_type = frame["type"]
    kind, wants_ack = TYPES.get(wire_type, UNKNOWN)
    if kind is VERB_HOOK:
        kind = kind_of_hook(data)
    # Anything but a text counts as absent; what the parser makes has no classes of its own.
    get = frame.get
    msgid, call_sid, hook, b3 = get("msgid"), get("call_sid"), get("hook"), get("b3")
    message = Message(
        kind,
        wire_type,
        msgid if msgid.__class__ is str else "",
        call_sid if call_sid and call_sid.__class__ is str else text_of(data, "call_sid"),
        hook if hook.__class__ is str else "",
        data,
        wants_ack,
        received,
        b3 if b3.__class__ is str else "",
        is_cut,
    )
    if len(text) > MAX_ID:
        check_lengths(message, text)
    if not frame.keys() <= ENVELOPE:
        message.unknown = sorted(frame.keys() - ENVELOPE)
    if kind is SESSION_NEW and not data.keys() <= CALL_FACTS:
        message.unknown = [*message.unknown, *(f"data.{key}" for key in data.keys() - CALL_FACTS)]
    return message


def parse(text: str | bytes) -> dict[str, Any]:
    """The frame as JSON.

    Raises:
        MalformedMessage: It is no JSON object with a ``type``.
    """
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise MalformedMessage(f"expected JSON: {error}", shown(text)) from None
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise MalformedMessage("expected a JSON object with a string 'type'", shown(text))
    return frame


def check_lengths(message: Message, text: str | bytes) -> None:
    """Refuse ids that would make tables and log lines grow.

    Raises:
        MalformedMessage: One is too long.
    """
    if (
        len(message.type) > MAX_ID
        or len(message.msgid) > MAX_ID
        or len(message.call_sid) > MAX_ID
        or len(message.hook) > MAX_HOOK
    ):
        raise MalformedMessage(
            f"expected a type, a msgid and a call_sid of at most {MAX_ID} characters and a hook "
            f"of at most {MAX_HOOK}",
            shown(text),
        )


def may_be_deep(text: str | bytes) -> bool:
    """Whether there are brackets enough for it: nearly all frames need no closer look."""
    if len(text) <= SHORT:
        return False
    if isinstance(text, str):
        return text.count("{") + text.count("[") > MAX_DEPTH
    return text.count(b"{") + text.count(b"[") > MAX_DEPTH


def is_deep(value: object) -> bool:
    """Whether a JSON value has more than ``MAX_DEPTH`` levels."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in children(outer)]
        if not level:
            return False
    return True


def children(value: object) -> Iterable[object]:
    """What a JSON value holds, one level down."""
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def cut(value: Any, levels: int) -> Any:
    """A JSON value with null in place of what lies deeper than ``levels``."""
    if isinstance(value, dict):
        return {key: cut(inner, levels - 1) for key, inner in value.items()} if levels else None
    if isinstance(value, list):
        return [cut(inner, levels - 1) for inner in value] if levels else None
    return value


def kind_of_hook(data: dict[str, Any]) -> Kind:
    """Tell a tool call or an agent event that came as ``verb:hook`` by its shape."""
    if "tool_call_id" in data and ("name" in data or "function_calls" in data):
        return Kind.TOOL_CALL
    event = data.get("type")
    if isinstance(event, str) and event in EVENT_TYPES:
        return Kind.AGENT_EVENT
    return Kind.VERB_HOOK


def text_of(source: dict[str, Any], key: str) -> str:
    """The string at ``key``; anything else counts as absent."""
    value = source.get(key)
    return value if isinstance(value, str) else ""


def shown(text: str | bytes) -> str:
    """The beginning of a frame, for a log line."""
    if isinstance(text, bytes):
        text = text[:CONTENT_SHOWN].decode("utf-8", "replace")
    return text[:CONTENT_SHOWN]
