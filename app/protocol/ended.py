"""How a verb ended, or what it asks for: the payloads of ``verb:hook``, typed."""

from collections.abc import Callable
from dataclasses import dataclass

from app.protocol.fields import Data, number, text, whole


@dataclass(frozen=True, slots=True)
class VerbEnded:
    """A verb ended or asks for input: the payload of any ``verb:hook``, as it came in ``data``."""

    data: Data


@dataclass(frozen=True, slots=True)
class AgentEnded(VerbEnded):
    """The agent verb ended by itself; not sent when the caller hung up.

    ``completion_reason`` is ``no_response`` or free text; ``error`` comes with failed credentials.
    """

    completion_reason: str = ""
    error: object = None
    verb_id: str | None = None


@dataclass(frozen=True, slots=True)
class GatherEnded(VerbEnded):
    """A gather has a result: speech, digits, timeout, error or low confidence."""

    reason: str = ""
    digits: str = ""
    transcript: str = ""
    confidence: float | None = None
    verb_id: str | None = None


@dataclass(frozen=True, slots=True)
class DialEnded(VerbEnded):
    """A dial ended; ``dial_call_sid`` is the far leg."""

    dial_call_status: str = ""
    dial_sip_status: int | None = None
    dial_call_sid: str | None = None
    verb_id: str | None = None


@dataclass(frozen=True, slots=True)
class TransferEnded(VerbEnded):
    """A transfer or hand-off ended: bridged, returned, voicemail or failed, and why."""

    transfer_result: str = ""
    transfer_reason: str = ""
    dial_call_sid: str | None = None
    verb_id: str | None = None


@dataclass(frozen=True, slots=True)
class ListenEnded(VerbEnded):
    """A listen ended after ``dial_call_duration`` seconds; ``digits`` if a key ended it."""

    dial_call_duration: float | None = None
    digits: str = ""
    verb_id: str | None = None


@dataclass(frozen=True, slots=True)
class PlayEnded(VerbEnded):
    """A play ended: playCompleted or playFailed."""

    reason: str = ""
    playback_milliseconds: float | None = None
    verb_id: str | None = None


def read_ended(data: Data) -> VerbEnded:
    """Turn the payload of a ``verb:hook`` into the type that its fields tell."""
    for key, reader in ENDED_BY_KEY.items():
        if key in data:
            return reader(data)
    return VerbEnded(data)


def read_agent_ended(data: Data) -> AgentEnded:
    """Read the end of an agent; the reason is accepted in both spellings."""
    reason = text(data, "completion_reason") or text(data, "completionReason")
    return AgentEnded(data, reason, data.get("error"), text(data, "verb_id") or None)


def read_gather_ended(data: Data) -> GatherEnded:
    """Read the result of a gather; the best alternative is the transcript."""
    speech = data.get("speech")
    heard = speech.get("alternatives") if isinstance(speech, dict) else None
    best = heard[0] if isinstance(heard, list) and heard and isinstance(heard[0], dict) else {}
    return GatherEnded(
        data,
        text(data, "reason"),
        text(data, "digits"),
        text(best, "transcript"),
        number(best, "confidence"),
        text(data, "verb_id") or None,
    )


def read_dial_ended(data: Data) -> DialEnded:
    """Read the end of a dial."""
    return DialEnded(
        data,
        text(data, "dial_call_status"),
        whole(data, "dial_sip_status"),
        text(data, "dial_call_sid") or None,
        text(data, "verb_id") or None,
    )


def read_transfer_ended(data: Data) -> TransferEnded:
    """Read the end of a transfer or hand-off."""
    return TransferEnded(
        data,
        text(data, "transfer_result"),
        text(data, "transfer_reason"),
        text(data, "dial_call_sid") or None,
        text(data, "verb_id") or None,
    )


def read_listen_ended(data: Data) -> ListenEnded:
    """Read the end of a listen."""
    return ListenEnded(
        data,
        number(data, "dial_call_duration"),
        text(data, "digits"),
        text(data, "verb_id") or None,
    )


def read_play_ended(data: Data) -> PlayEnded:
    """Read the end of a play."""
    return PlayEnded(
        data,
        text(data, "reason"),
        number(data, "playback_milliseconds"),
        text(data, "verb_id") or None,
    )


# The field that only one verb's result has → how to read it.
ENDED_BY_KEY: dict[str, Callable[[Data], VerbEnded]] = {
    "completion_reason": read_agent_ended,
    "completionReason": read_agent_ended,
    "dial_call_status": read_dial_ended,
    "transfer_result": read_transfer_ended,
    "dial_call_duration": read_listen_ended,
    "playback_milliseconds": read_play_ended,
    "playback_seconds": read_play_ended,
    "speech": read_gather_ended,
    "digits": read_gather_ended,
    "reason": read_gather_ended,
}
