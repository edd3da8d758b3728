"""What happens during a call, typed: agent events and statuses.

Readers accept both dialects (``agent_response`` and ``llm_response``, ``stt_ms`` and
``transcriber_latency`` …) and never fail: what is missing is None or empty, what is unknown is
kept in ``extra``.
They run where an event is wanted, never in the read loop.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.protocol.fields import Data, field_names, number, others, rest, text, whole
from app.protocol.llm_events import LlmEvent


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


class Unread:
    """An event whose payload is read when somebody first looks at it: most hooks look at little."""

    __slots__ = ("_payload",)

    if not TYPE_CHECKING:  # no name but a field's ever gets there

        def __getattr__(self, name: str) -> Any:
            """Read all fields; only called while they have no values yet."""
            if name not in self.__dataclass_fields__:
                raise AttributeError(f"{type(self).__name__} has no {name!r}")
            read = READ_LATER[type(self)](self._payload)
            for field_name in self.__dataclass_fields__:
                object.__setattr__(self, field_name, getattr(read, field_name))
            return getattr(self, name)


@dataclass(frozen=True, slots=True)
class TurnEnd(Unread):
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
    UserTranscript
    | AgentResponse
    | UserInterruption
    | TurnEnd
    | HistorySummarized
    | OtherEvent
    | LlmEvent
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
    def is_b_leg(self) -> bool:
        """Whether it is a leg that another one has dialed."""
        return self.parent_call_sid is not None

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


def read_turn_end(data: Data) -> TurnEnd:
    """Read ``turn_end`` in either dialect, when somebody looks at it."""
    turn = object.__new__(TurnEnd)
    SET_PAYLOAD(turn, data)
    return turn


def read_whole_turn_end(data: Data) -> TurnEnd:
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
NUMBERS = (int, float)
MAX_RESULT = 40
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


def measured_stages(data: object) -> dict[str, Any]:
    """The milliseconds of a turn by stage, where they were measured; and what became of preflight.

    For a log and for counting: ``{"stt_ms": 310, "llm_ms": 640, "preflight": "hit"}``.
    """
    stages: dict[str, Any] = {}
    if isinstance(data, dict):
        for ours, theirs in LATENCY_PAIRS:
            value = data.get(ours)
            if value is None:
                value = data.get(theirs)
            if value.__class__ in NUMBERS:
                stages[ours] = value
        early = data.get("preflight")
        if isinstance(early, dict):
            stages["preflight"] = text(early, "result")[:MAX_RESULT]
    return stages


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

SET_PAYLOAD = Unread.__dict__["_payload"].__set__
READ_LATER: dict[type, Callable[[Data], Any]] = {TurnEnd: read_whole_turn_end}

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
