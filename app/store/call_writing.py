"""Writing the records of calls: many at once, each as much as was learned since the last time."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.call_telling import tell_of_calls
from app.store.news import Event
from app.store.scope import Scope
from app.store.tables.calls import CALL_PARTS, CALLS, TURNS

if TYPE_CHECKING:
    from app.store.store import Store

__all__ = ["CallFacts", "CallNews", "TurnFacts", "call_id", "write_calls"]

CALL_IDS: Final = uuid.UUID("6f1b3a52-6e3c-4a53-9a39-8f1d0c0a7c11")
KEY: Final = ("organisation_id", "id")
COUNTS: Final = ("turns", "interruptions", "tool_calls", "tool_failures")
SUMS: Final = ("input_tokens", "output_tokens", "cost")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """What a row of `CALLS` says; counts and sums are those since the last time.

    Attributes:
        status: ``live``, ``ended``, or ``lost`` where its node went away.
        cost: An estimate in US dollars.
    """

    call_sid: str
    application: str
    agent_id: str | None
    agent_version: int | None
    direction: str
    from_number: str
    to_number: str
    started_at: datetime
    seen_at: datetime
    ended_at: datetime | None
    seconds: float | None
    status: str
    end_reason: str | None
    turns: int = 0
    interruptions: int = 0
    tool_calls: int = 0
    tool_failures: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None


FACTS: Final = tuple(field.name for field in fields(CallFacts))


@dataclass(frozen=True, slots=True)
class TurnFacts:
    """What a turn took: milliseconds by stage, as ``stt_ms`` …"""

    at: datetime
    interrupted: bool
    stages: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CallNews:
    """What there is to write of one call.

    Attributes:
        facts: Its row.
        part: When the first of the entries happened, in microseconds.
        entries: JSON; empty where there are none.
        turns: Those that ended since the last time.
        is_first: Whether it has just begun.
    """

    facts: CallFacts
    part: int
    entries: str
    turns: Sequence[TurnFacts] = ()
    is_first: bool = False


def call_id(organisation_id: str, call_sid: str) -> str:
    """The id of a call, which follows from whose it is and from its call_sid."""
    return str(uuid.uuid5(CALL_IDS, f"{organisation_id}/{call_sid}"))


async def write_calls(store: "Store", batch: Mapping[str, Sequence[CallNews]]) -> int:
    """Write what there is of calls, by organisation: all of it, or nothing.

    Returns:
        How many messages to webhooks are lost, since too many wait already.

    Raises:
        StoreUnavailable: The store does not answer; it may soon.
    """
    lost = 0
    async with store.writing() as connection:
        for organisation_id, news in batch.items():
            scope = Scope(store, organisation_id, "recorder")
            await write_some(scope, connection, news)
            lost += await tell_of_calls(scope, connection, [*happened_in(scope, news)])
    return lost


def happened_in(scope: Scope, batch: Iterable[CallNews]) -> Iterator[tuple[Event, str]]:
    """What webhooks are to be told of, and of which call."""
    for news in batch:
        key = call_id(scope.organisation_id, news.facts.call_sid)
        if news.is_first:
            yield "call.started", key
        if news.facts.status != "live":
            yield "call.ended", key


async def write_some(scope: Scope, connection: AsyncConnection, batch: Iterable[CallNews]) -> None:
    """The calls of one organisation."""
    calls: list[dict[str, Any]] = []
    parts: list[dict[str, Any]] = []
    turns: list[dict[str, Any]] = []
    for news in batch:
        key = call_id(scope.organisation_id, news.facts.call_sid)
        calls.append({"id": key, **{name: getattr(news.facts, name) for name in FACTS}})
        if news.entries:
            parts.append({"call_id": key, "part": news.part, "entries": news.entries})
        turns += (turn_row(key, news.facts, turn) for turn in news.turns)
    await connection.execute(merge_calls(scope), calls)
    if parts:
        await connection.execute(add(scope, CALL_PARTS), parts)
    if turns:
        await connection.execute(add(scope, TURNS), turns)


def turn_row(key: str, facts: CallFacts, turn: TurnFacts) -> dict[str, Any]:
    """A row of `TURNS`."""
    stages = turn.stages
    return {
        "call_id": key,
        "at": turn.at,
        "agent_id": facts.agent_id,
        "agent_version": facts.agent_version,
        "stt_ms": stages.get("stt_ms"),
        "eot_ms": stages.get("eot_ms"),
        "llm_ms": stages.get("llm_ms"),
        "tool_ms": stages.get("tool_ms"),
        "tts_ms": stages.get("tts_ms"),
        "interrupted": turn.interrupted,
    }


def insert(scope: Scope, table: sa.Table) -> Any:
    """An insertion that can say what to do with a row that is there."""
    made = sqlite.insert(table) if scope.is_sqlite else postgresql.insert(table)
    return made.values(organisation_id=scope.organisation_id)


def add(scope: Scope, table: sa.Table) -> Any:
    """New rows; those that are there stay, since they were written by a try that seemed to fail."""
    return insert(scope, table).on_conflict_do_nothing()


def merge_calls(scope: Scope) -> Any:
    """New rows of `CALLS`, or more of those that are there."""
    statement = insert(scope, CALLS)
    new, kept = statement.excluded, CALLS.c
    fixed = {*KEY, *COUNTS, *SUMS, "started_at"}
    values = {column.name: new[column.name] for column in CALLS.c if column.name not in fixed}
    values |= {name: kept[name] + new[name] for name in COUNTS}
    for name in SUMS:
        both = kept[name] + new[name]
        values[name] = sa.func.coalesce(both, kept[name], new[name])
    return statement.on_conflict_do_update(index_elements=KEY, set_=values)
