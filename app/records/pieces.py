"""Pieces: what a call hands over for its record, and what the store is given of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from app.feed import Item
from app.records.entries import TURN, write_entries
from app.records.speech_turns import speech_turns
from app.records.usage import Prices, measure
from app.store import now
from app.store.call_writing import CallFacts, CallNews
from app.store.turn_writing import Turn

if TYPE_CHECKING:
    from app.session.live import LiveCall

__all__ = ["Piece", "news_of", "piece_of"]

OVERHEAD: Final = 400
"""Bytes of memory that an entry takes beside its frame, or so."""

FINE: Final = frozenset({"ok", "late", "late_ok"})
COMPLETED: Final = "completed"


@dataclass(frozen=True, slots=True)
class Piece:
    """What happened in a call since the last piece.

    Attributes:
        facts: What was known of the call at its end.
        llm: The model that runs, for its price.
        size: Bytes of memory, or so.
        is_first: Whether the call has just begun.
    """

    organisation_id: str
    facts: CallFacts
    llm: str
    items: Sequence[Item]
    size: int
    is_first: bool = False


def piece_of(
    session: "LiveCall[Any, Any]",
    items: Sequence[Item],
    end_reason: str | None,
    *,
    is_first: bool,
) -> Piece:
    """What happened in a call since the last piece; ``end_reason`` if it is over."""
    agent = session._agents.last
    facts = facts_of(session, now(), end_reason=end_reason)
    llm = "" if agent is None else agent.agent.llm_label
    return Piece(session.organisation_id, facts, llm, items, size_of(items), is_first)


def size_of(items: Sequence[Item]) -> int:
    """Bytes of memory that entries take, or so."""
    frames = sum(len(item[3]) for item in items if type(item[3]) is bytes)
    return frames + OVERHEAD * len(items)


def facts_of(
    session: "LiveCall[Any, Any]", moment: datetime, *, end_reason: str | None = None
) -> CallFacts:
    """What a call knows of itself; ``end_reason`` if it is over."""
    stored = session.stored_version
    is_over = end_reason is not None
    if end_reason == COMPLETED and session.call_status:
        end_reason = session.call_status if session.call_status in UNHAPPY else end_reason
    return CallFacts(
        call_sid=clean(session.call_sid, 200),
        application=clean(session.application.path, 200),
        agent_id=stored.agent_id if stored else None,
        agent_version=stored.version if stored else None,
        direction=clean(session.direction, 20),
        from_number=clean(session.from_, 200),
        to_number=clean(session.to, 200),
        started_at=session.started,
        seen_at=moment,
        ended_at=moment if is_over else None,
        seconds=(moment - session.started).total_seconds() if is_over else None,
        status="ended" if is_over else "live",
        end_reason=None if end_reason is None else clean(end_reason, 100),
    )


UNHAPPY: Final = frozenset({"failed", "busy", "no-answer", "canceled"})
"""Final statuses that say more than that the call is over."""


def clean(text: str, limit: int) -> str:
    """A text that both engines can keep; the caller may have written it."""
    return text.replace("\0", "")[:limit]


def news_of(piece: Piece, prices: Prices) -> CallNews:
    """What the store is given: read as little as possible, since a busy node has many of these."""
    items = piece.items
    turns = [*turns_in(items), *speech_turns(items)]
    outcomes = [item[3][3] for item in items if type(item[3]) is tuple]  # of tools
    usage = measure(items)
    facts = replace(
        piece.facts,
        turns=len(turns),
        interruptions=sum(turn.interrupted for turn in turns),
        tool_calls=sum(not outcome.startswith("late_") for outcome in outcomes),
        tool_failures=sum(outcome not in FINE for outcome in outcomes),
        input_tokens=None if usage is None else usage.input,
        output_tokens=None if usage is None else usage.output,
        cost=prices.estimate(piece.llm, usage),
    )
    first = items[0][1] if items else 0.0
    return CallNews(facts, int(first * 1_000_000), write_entries(items), turns, piece.is_first)


def turns_in(items: Sequence[Item]) -> list[Turn]:
    """The turns that ended, each with the time of the entry before it, which told so."""
    turns: list[Turn] = []
    at = 0.0
    for item in items:
        if item[2] == TURN:
            stages: Any = item[3]
            took = stages.get
            turns.append(
                Turn(
                    at,
                    stages["interrupted"],
                    took("stt_ms"),
                    took("eot_ms"),
                    took("llm_ms"),
                    took("tool_ms"),
                    took("tts_ms"),
                )
            )
        else:
            at = item[1]
    return turns
