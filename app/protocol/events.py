"""What happens during a call, typed: agent events, statuses, and how verbs ended.

Readers accept both dialects (``agent_response`` and ``llm_response``, ``stt_ms`` and
``transcriber_latency`` …) and never fail: what is missing is None or empty, what is unknown is
kept in ``extra``.
They run where an event is wanted, never in the read loop.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Preflight:
    """Early generation of a turn: ``result`` is hit, miss or pending; ``tokens`` only on a hit."""

    result: str
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of one turn; any of them may be missing.

    Attributes:
        stt_ms: End of speech to final transcript.
        eot_ms: Further wait until the end of the turn was decided.
        llm_ms: Time to the first token, tool calls taken out.
        tool_ms: Total time in tools.
        tts_ms: First text to first audio.
        preflight: Early generation, if it ran.
    """

    stt_ms: float | None = None
    eot_ms: float | None = None
    llm_ms: float | None = None
    tool_ms: float | None = None
    tts_ms: float | None = None
    preflight: Preflight | None = None
    extra: Data = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolTiming:
    """One tool call of a turn: its name and round trip in milliseconds."""

    name: str
    rtt_ms: float | None = None


@dataclass(frozen=True, slots=True)
class UserTranscript:
    """The caller's final words, about to prompt the model."""

    transcript: str
    extra: Data = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AgentResponse:
    """The model finished the text of its reply (``agent_response`` or ``llm_response``)."""

    response: str
    extra: Data = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UserInterruption:
    """The caller spoke over the agent."""

    extra: Data = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TurnEnd:
    """One exchange is over; the best event for measuring.

    Attributes:
        transcript: What the caller said.
        response: What the agent said; cut to what was spoken if it was interrupted.
        interrupted: Whether the caller spoke over the reply.
        confidence: Of the transcript, 0–1, where the platform tells it.
        latency: Milliseconds by stage.
        tool_calls: Tools that ran in this turn.
    """

    transcript: str = ""
    response: str = ""
    interrupted: bool = False
    confidence: float | None = None
    latency: Latency = Latency()
    tool_calls: tuple[ToolTiming, ...] = ()
    extra: Data = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HistorySummarized:
    """The platform compacted the conversation history."""

    turn: int | None = None
    messages_dropped: int | None = None
    messages_kept: int | None = None
    summary: str = ""
    extra: Data = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OtherEvent:
    """An event that this release does not know; ``data`` is all of it."""

    type: str
    data: Data


AgentEvent = (
    UserTranscript | AgentResponse | UserInterruption | TurnEnd | HistorySummarized | OtherEvent
)


@dataclass(frozen=True, slots=True)
class CallStatus:
    """Progress of a leg; ``parent_call_sid`` is set on a dialed one.

    ``call_status`` is one of trying, ringing, early-media, in-progress, queued and the final
    completed, failed, busy, no-answer. ``duration`` is in seconds, with completed only.
    """

    call_sid: str
    call_status: str
    parent_call_sid: str | None = None
    direction: str | None = None
    sip_status: int | None = None
    sip_reason: str | None = None
    duration: float | None = None
    call_termination_by: str | None = None
    extra: Data = field(default_factory=dict)

    @property
    def is_final(self) -> bool:
        """Whether the leg is over."""
        return self.call_status in FINAL_STATUSES


FINAL_STATUSES = frozenset({"completed", "failed", "busy", "no-answer"})


@dataclass(frozen=True, slots=True)
class VerbStatus:
    """Progress of a verb; comes only after ``config(notify_events=True)``."""

    event: str
    verb: str | None = None
    id: str | None = None
    extra: Data = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JambonzError:
    """jambonz did not accept something, or speech failed."""

    msg: str
    details: str = ""
    content: str = ""
    extra: Data = field(default_factory=dict)


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


def read_event(data: Data) -> AgentEvent:
    """Turn the payload of an agent event into its type."""
    name = data.get("type")
    reader = READERS.get(name) if isinstance(name, str) else None
    return reader(data) if reader else OtherEvent(name if isinstance(name, str) else "", data)


def read_status(data: Data) -> CallStatus:
    """Turn the payload of ``call:status`` into its type."""
    return CallStatus(
        call_sid=text(data, "call_sid"),
        call_status=text(data, "call_status"),
        parent_call_sid=text(data, "parent_call_sid") or None,
        direction=text(data, "direction") or None,
        sip_status=whole(data, "sip_status"),
        sip_reason=text(data, "sip_reason") or None,
        duration=number(data, "duration"),
        call_termination_by=text(data, "call_termination_by") or None,
        extra=rest(data, CallStatus),
    )


def read_verb_status(data: Data) -> VerbStatus:
    """Turn the payload of ``verb:status`` into its type."""
    verb = text(data, "verb") or text(data, "name") or None
    known = {"event", "verb", "name", "id"}
    extra = {key: value for key, value in data.items() if key not in known}
    return VerbStatus(text(data, "event"), verb, text(data, "id") or None, extra)


def read_error(data: Data) -> JambonzError:
    """Turn the payload of ``jambonz:error`` into its type."""
    return JambonzError(
        text(data, "msg"), text(data, "details"), text(data, "content"), rest(data, JambonzError)
    )


def unknown_fields(name: str, data: Data) -> list[str]:
    """The fields of an agent event that this release does not know."""
    known = EVENT_FIELDS.get(name)
    if known is None:
        return []
    found = [] if data.keys() <= known else sorted(data.keys() - known)
    latency = data.get("latency")
    if isinstance(latency, dict) and not latency.keys() <= LATENCY_KEYS:
        found += sorted(f"latency.{key}" for key in latency.keys() - LATENCY_KEYS)
    return found


def read_ended(data: Data) -> VerbEnded:
    """Turn the payload of a ``verb:hook`` into the type that its fields tell."""
    for key, reader in ENDED_BY_KEY.items():
        if key in data:
            return reader(data)
    return VerbEnded(data)


def read_turn_end(data: Data) -> TurnEnd:
    """Read ``turn_end`` in either dialect."""
    calls = data.get("tool_calls")
    return TurnEnd(
        transcript=text(data, "transcript"),
        response=text(data, "response"),
        interrupted=data.get("interrupted") is True,
        confidence=number(data, "confidence"),
        latency=read_latency(data.get("latency")),
        tool_calls=tuple(
            [
                ToolTiming(text(call, "name"), number(call, "rtt_ms"))
                for call in (calls if isinstance(calls, list) else ())
                if isinstance(call, dict)
            ]
        ),
        extra=rest(data, TurnEnd),
    )


# Ours (and the documentation's) name → the schema's name.
LATENCY_NAMES = {
    "stt_ms": "transcriber_latency",
    "eot_ms": "turn_detection_latency",
    "llm_ms": "model_latency",
    "tool_ms": "tool_latency",
    "tts_ms": "voice_latency",
}
LATENCY_PAIRS = tuple(LATENCY_NAMES.items())
LATENCY_KEYS = frozenset({*LATENCY_NAMES, *LATENCY_NAMES.values(), "preflight"})


def read_latency(data: object) -> Latency:
    """Read the latency of a turn in either dialect."""
    if not isinstance(data, dict):
        return Latency()
    stt, eot, llm, tool, tts = [
        number(data, ours) if data.get(ours) is not None else number(data, theirs)
        for ours, theirs in LATENCY_PAIRS
    ]
    early = data.get("preflight")
    preflight = (
        Preflight(text(early, "result"), whole(early, "tokens"))
        if isinstance(early, dict)
        else None
    )
    return Latency(stt, eot, llm, tool, tts, preflight, others(data, LATENCY_KEYS))


def measured_stages(data: object) -> dict[str, object]:
    """A turn's latency in a few words, for a log: ``{"llm_ms": 310.0, "preflight": "hit"}``."""
    latency = read_latency(data)
    times = {name: getattr(latency, name) for name in LATENCY_NAMES}
    stages: dict[str, object] = {name: ms for name, ms in times.items() if ms}
    return stages | ({"preflight": latency.preflight.result} if latency.preflight else {})


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


def text(data: Data, key: str) -> str:
    """The string at ``key``, or empty."""
    value = data.get(key)
    return value if isinstance(value, str) else ""


def number(data: Data, key: str) -> float | None:
    """The number at ``key``; a boolean is none."""
    value = data.get(key)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def whole(data: Data, key: str) -> int | None:
    """The whole number at ``key``."""
    value = number(data, key)
    return int(value) if value is not None and abs(value) < 1e15 else None


def rest(data: Data, known: type) -> Data:
    """What ``known`` has no field for."""
    return others(data, field_names(known))


def others(data: Data, known: frozenset[str]) -> Data:
    """The members of ``data`` under other keys; most often there are none."""
    if data.keys() <= known:
        return {}
    return {key: value for key, value in data.items() if key not in known}


@lru_cache
def field_names(known: type) -> frozenset[str]:
    """The keys that the fields of a class take up."""
    names: Mapping[str, object] = known.__dataclass_fields__  # type: ignore[attr-defined]
    return frozenset({*names, "type"})


READERS: dict[str, Callable[[Data], AgentEvent]] = {
    "user_transcript": lambda data: UserTranscript(
        text(data, "transcript"), rest(data, UserTranscript)
    ),
    "agent_response": lambda data: AgentResponse(text(data, "response"), rest(data, AgentResponse)),
    "llm_response": lambda data: AgentResponse(text(data, "response"), rest(data, AgentResponse)),
    "user_interruption": lambda data: UserInterruption(rest(data, UserInterruption)),
    "turn_end": read_turn_end,
    "history_summarized": lambda data: HistorySummarized(
        whole(data, "turn"),
        whole(data, "messages_dropped"),
        whole(data, "messages_kept"),
        text(data, "summary"),
        rest(data, HistorySummarized),
    ),
}

# Wire name → class, for subscriptions by annotation.
EVENT_TYPES: dict[str, type] = {
    "user_transcript": UserTranscript,
    "agent_response": AgentResponse,
    "llm_response": AgentResponse,
    "user_interruption": UserInterruption,
    "turn_end": TurnEnd,
    "history_summarized": HistorySummarized,
}

# Wire name → the keys that are known, for a remark on new ones.
EVENT_FIELDS: dict[str, frozenset[str]] = {
    name: field_names(kind) for name, kind in EVENT_TYPES.items()
}

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
