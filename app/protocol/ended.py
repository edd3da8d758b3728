"""How a verb ended, typed: the payloads of its ``actionHook``.

Readers never fail: what is missing is None or empty, and ``data`` has all that came.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, TypeVar, cast

from app.protocol.fields import Data, number, text, whole


@dataclass(frozen=True, slots=True)
class VerbEnded:
    """A verb ended or asks for input: the payload of any ``verb:hook``, as it came in ``data``."""

    data: Data

    @property
    def verb_id(self) -> str | None:
        """The ``id`` of the verb, if its author gave one."""
        return text(self.data, "verb_id") or None


E = TypeVar("E", bound=VerbEnded)


@dataclass(frozen=True, slots=True)
class AgentEnded(VerbEnded):
    """The agent verb ended by itself; not sent when the caller hung up.

    ``completion_reason`` is ``no_response`` or free text; ``error`` comes with failed credentials.
    """

    completion_reason: str = ""
    error: object = None


@dataclass(frozen=True, slots=True)
class GatherEnded(VerbEnded):
    """A gather has a result: speech, digits, timeout, error or low confidence.

    ``reason`` is speechDetected, dtmfDetected, timeout, error or stt-low-confidence; ``details``
    is the text of an error.
    """

    reason: str = ""
    digits: str = ""
    transcript: str = ""
    confidence: float | None = None
    language_code: str = ""
    details: str = ""


@dataclass(frozen=True, slots=True)
class DialEnded(VerbEnded):
    """A dial ended; ``dial_call_sid`` is the far leg."""

    dial_call_status: str = ""
    dial_sip_status: int | None = None
    dial_call_sid: str | None = None


@dataclass(frozen=True, slots=True)
class TransferEnded(VerbEnded):
    """A transfer or hand-off ended: bridged, returned, voicemail or failed, and why."""

    transfer_result: str = ""
    transfer_reason: str = ""
    dial_call_sid: str | None = None
    sip_status: int | None = None


@dataclass(frozen=True, slots=True)
class ListenEnded(VerbEnded):
    """A listen ended after ``dial_call_duration`` seconds; ``digits`` if a key ended it."""

    dial_call_duration: float | None = None
    digits: str = ""


@dataclass(frozen=True, slots=True)
class PlayEnded(VerbEnded):
    """A play ended: playCompleted or playFailed."""

    reason: str = ""
    playback_seconds: float | None = None
    playback_milliseconds: float | None = None
    playback_last_offset_pos: float | None = None


@dataclass(frozen=True, slots=True)
class EnqueueEnded(VerbEnded):
    """The wait in a queue is over: bridged, hangup, leave or error, after so many seconds."""

    queue_sid: str = ""
    queue_result: str = ""
    queue_time: float | None = None


@dataclass(frozen=True, slots=True)
class DequeueEnded(VerbEnded):
    """Nobody waits any more, or who waited was served: complete, timeout or hangup."""

    dequeue_result: str = ""


@dataclass(frozen=True, slots=True)
class ConferenceEnded(VerbEnded):
    """The caller has left the conference; jambonz tells no more than that."""


@dataclass(frozen=True, slots=True)
class ReferEnded(VerbEnded):
    """A REFER was answered with ``refer_status``; later the new call with a status of its own."""

    refer_status: int | None = None
    final_referred_call_status: int | None = None


@dataclass(frozen=True, slots=True)
class SipRequestEnded(VerbEnded):
    """A SIP request was answered: success and its status, or failed and why."""

    result: str = ""
    sip_status: int | None = None
    err: object = None


@dataclass(frozen=True, slots=True)
class MessageSent(VerbEnded):
    """A text message went out, or not.

    ``message_status`` is success, failure, no carriers, smpp configuration error or system error.
    """

    message_sid: str = ""
    message_status: str = ""
    carrier: str = ""
    carrier_message_id: str = ""
    message_failure_reason: str = ""


def flag(data: Data, key: str) -> bool:
    """Whether ``key`` is true."""
    return data.get(key) is True


def text_or_none(data: Data, key: str) -> str | None:
    """The string at ``key``, if there is one."""
    return text(data, key) or None


def part(data: Data, key: str) -> Data:
    """The object at ``key``, or an empty one."""
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def anything(data: Data, key: str) -> object:
    """Whatever stands at ``key``."""
    return data.get(key)


Reader = Callable[[Data, str], object]
# The type of a field → how it is read.
READ_AS: Mapping[object, Reader] = {
    str: text,
    str | None: text_or_none,
    int | None: whole,
    float | None: number,
    bool: flag,
    object: anything,
    Data: part,
}


@lru_cache(maxsize=64)
def readers_of(kind: type[VerbEnded]) -> tuple[tuple[str, str, Reader], ...]:
    """Field, name on the wire, and how it is read."""
    named = (found for found in fields(kind) if found.name != "data")
    return tuple((one.name, one.name.rstrip("_"), READ_AS[one.type]) for one in named)


def read_as(kind: type[E], data: Data, *sources: Data, **known: Any) -> E:
    """A payload as one of these types; ``sources`` are looked at before the payload itself."""
    found: dict[str, Any] = {}
    for name, wire, reader in readers_of(cast("Any", kind)):
        source = next((one for one in sources if wire in one), data)
        found[name] = reader(source, wire)
    return kind(data, **{**found, **known})


def best_of(speech: Data) -> Data:
    """The most likely of what a recognizer may have heard."""
    heard = speech.get("alternatives")
    return heard[0] if isinstance(heard, list) and heard and isinstance(heard[0], dict) else {}


def read_agent_ended(data: Data) -> AgentEnded:
    """Read the end of an agent; the reason is accepted in both spellings."""
    reason = text(data, "completion_reason") or text(data, "completionReason")
    return read_as(AgentEnded, data, completion_reason=reason)


def read_gather_ended(data: Data) -> GatherEnded:
    """Read the result of a gather; the best alternative is the transcript."""
    speech = part(data, "speech")
    return read_as(GatherEnded, data, best_of(speech), speech)
