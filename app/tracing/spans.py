"""The spans of a call: in that of the call one for each turn, in that one for each tool call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson
from opentelemetry.context import attach
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.trace import Tracer as SpanMaker

from app.protocol import Message, read_turn_end
from app.protocol.fields import text
from app.tracing.parents import link_to, parent_of_call

if TYPE_CHECKING:
    from app.session.live import LiveCall

    Call = LiveCall[Any, Any]

MAX_TEXT: Final = 2000
# What the model was told of its own mistake, or of the caller's, is no error of a tool.
FINE: Final = frozenset({"ok", "tool_error", "bad_arguments"})
# What a vendor's own speech-to-speech session tells knows no turns.
OF_A_TURN: Final = frozenset(
    {"user_transcript", "agent_response", "llm_response", "user_interruption"}
)
STAGES: Final = ("stt_ms", "eot_ms", "llm_ms", "tool_ms", "tts_ms")


@dataclass(slots=True)
class CallTrace:
    """The open spans of one call."""

    call: Span
    turn: Span | None = None
    turns: int = 0
    tools: dict[str, Span] = field(default_factory=dict)


class CallTracer:
    """Follows the calls of a node, as a ``Tracer`` of its sessions.

    Args:
        maker: Makes the spans.
        log_pii: Whether spans may hold what was said, and to whom.
    """

    def __init__(self, maker: SpanMaker, *, log_pii: bool) -> None:
        self._maker = maker
        self._log_pii = log_pii
        self._traces: dict[Any, CallTrace] = {}

    def call_started(self, session: "Call", message: Message) -> None:
        """Begin the span of a call; what the author's code does comes below it."""
        span = self._maker.start_span(
            f"call {session.application.path}",
            context=parent_of_call(message.b3, session.trace_id),
            kind=SpanKind.SERVER,
            attributes={
                "cordboard.application": session.application.name,
                "jambonz.call_sid": session.call_sid,
                "jambonz.account_sid": session.account_sid,
                "jambonz.application_sid": session.application_sid,
                "jambonz.direction": session.direction,
                "jambonz.message": message.type,
                **self._pii(caller=session.from_, callee=session.to),
            },
        )
        self._traces[session] = CallTrace(span)
        session._context.run(attach, set_span_in_context(span))

    def call_ended(self, session: "Call", reason: str) -> None:
        """End all that is open."""
        found = self._traces.pop(session, None)
        if found is None:
            return
        for span in (*found.tools.values(), found.turn):
            if span is not None:
                span.set_attribute("cordboard.cut", True)
                span.end()
        found.call.set_attributes(
            {
                "cordboard.end": reason,
                "cordboard.turns": found.turns,
                "jambonz.call_status": session.call_status,
            }
        )
        found.call.end()

    def heard(self, session: "Call", message: Message) -> None:
        """An event begins a turn, if none is open."""
        if text(message.data, "type") not in OF_A_TURN:
            return
        if (found := self._traces.get(session)) is not None and found.turn is None:
            self._begin_turn(found, message.b3)

    def _begin_turn(self, found: CallTrace, b3: str = "") -> Span:
        found.turns += 1
        found.turn = self._maker.start_span(
            "turn",
            context=set_span_in_context(found.call),
            links=link_to(b3) if b3 else None,
            attributes={"cordboard.turn": found.turns},
        )
        return found.turn

    def turn_ended(self, session: "Call", data: Mapping[str, Any]) -> None:
        """End the span of a turn, with what jambonz measured of it."""
        found = self._traces.get(session)
        if found is None:
            return
        span = found.turn or self._begin_turn(found)
        turn = read_turn_end(dict(data))
        measured = {name: getattr(turn.latency, name) for name in STAGES}
        span.set_attributes(
            {
                "cordboard.interrupted": turn.interrupted,
                **{f"cordboard.latency.{name}": ms for name, ms in measured.items() if ms},
                **self._pii(transcript=turn.transcript, response=turn.response),
            }
        )
        if turn.latency.preflight is not None:
            span.set_attribute("cordboard.preflight", turn.latency.preflight.result)
        span.end()
        found.turn = None

    def tool_started(self, session: "Call", call_id: str, name: str, arguments: object) -> None:
        """Begin the span of a tool call; what the tool does comes below it."""
        if (found := self._traces.get(session)) is not None:
            span = self._begin_tool(session, found, call_id, name)
            span.set_attributes(self._pii(arguments=arguments))
            attach(set_span_in_context(span))  # of its task, which ends with the tool

    def _begin_tool(self, session: "Call", found: CallTrace, call_id: str, name: str) -> Span:
        if found.turn is None and session.agent is not None:
            self._begin_turn(found)
        span = found.tools[call_id] = self._maker.start_span(
            f"tool {name}",
            context=set_span_in_context(found.turn or found.call),
            attributes={"gen_ai.tool.name": name, "gen_ai.tool.call.id": call_id},
        )
        return span

    def tool_called(
        self, session: "Call", call_id: str, name: str, result: bytes, outcome: str
    ) -> None:
        """End the span of a tool call, also of one that never began."""
        if (found := self._traces.get(session)) is None:
            return
        if call_id not in found.tools:
            self._begin_tool(session, found, call_id, name)
        span = found.tools.pop(call_id)
        span.set_attributes({"cordboard.outcome": outcome, **self._pii(result=result.decode())})
        if outcome not in FINE:
            span.set_status(Status(StatusCode.ERROR, outcome))
        span.end()

    def _pii(self, **values: object) -> dict[str, str]:
        """Attributes with content, marked as such; none unless the settings want them."""
        if not self._log_pii:
            return {}
        return {f"cordboard.pii.{name}": as_text(value) for name, value in values.items()}


def as_text(value: object) -> str:
    """A value as an attribute holds it, cut."""
    written = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return written[:MAX_TEXT]
