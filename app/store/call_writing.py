"""Writing the records of calls: many at once, each as much as was learned since the last time."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.call_telling import tell_of_calls
from app.store.news import Event
from app.store.scope import Scope
from app.store.tables.calls import CALL_PARTS, CALLS
from app.store.turn_writing import Turn, add_turns, turn_cells

if TYPE_CHECKING:
    from app.store.store import Store

__all__ = ["CallFacts", "CallNews", "call_id", "seconds_between", "write_calls"]

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
    status: Literal["live", "ended", "lost"]
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
    turns: Sequence[Turn] = ()
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
    owner, is_sqlite = {"organisation_id": scope.organisation_id}, scope.is_sqlite
    calls: list[dict[str, Any]] = []
    parts: list[dict[str, Any]] = []
    turns: list[tuple[Any, ...]] = []
    for news in batch:
        facts = news.facts
        key = call_id(scope.organisation_id, facts.call_sid)
        calls.append({**owner, "id": key, **{name: getattr(facts, name) for name in FACTS}})
        if news.entries:
            part = {"call_id": key, "part": news.part, "entries": news.entries}
            parts.append({**owner, **part})
        turns += turn_cells(key, facts.agent_id, facts.agent_version, news.turns)
    await connection.execute(merge_calls(is_sqlite=is_sqlite), calls)
    if parts:
        await connection.execute(add_parts(is_sqlite=is_sqlite), parts)
    if turns:
        given = {"owner": scope.organisation_id, "turns": orjson.dumps(turns).decode()}
        await connection.execute(add_turns(is_sqlite=is_sqlite), given)


@cache
def add_parts(*, is_sqlite: bool) -> Any:
    """New rows of `CALL_PARTS`; those that are there stay: a try seemed to fail and did not."""
    insertion = sqlite.insert(CALL_PARTS) if is_sqlite else postgresql.insert(CALL_PARTS)
    return insertion.on_conflict_do_nothing()


def seconds_between(
    since: sa.ColumnElement[Any], until: sa.ColumnElement[Any], *, is_sqlite: bool
) -> sa.ColumnElement[float]:
    """How long it is from one moment to another."""
    if is_sqlite:
        days = sa.func.julianday(until) - sa.func.julianday(since)
        return sa.func.round(days * 86_400, 3)
    return sa.cast(sa.extract("epoch", until - since), sa.Float)


@cache
def merge_calls(*, is_sqlite: bool) -> Any:
    """New rows of `CALLS`, or more of those that are there."""
    statement = sqlite.insert(CALLS) if is_sqlite else postgresql.insert(CALLS)
    new, kept = statement.excluded, CALLS.c
    fixed = {*KEY, *COUNTS, *SUMS, "started_at"}
    values: dict[str, Any] = {
        column.name: new[column.name] for column in CALLS.c if column.name not in fixed
    }
    # A call may have outlived its node: it has lasted since the first of them heard of it.
    lasted = seconds_between(kept["started_at"], new["ended_at"], is_sqlite=is_sqlite)
    values["seconds"] = sa.case((new["ended_at"].is_(None), None), else_=lasted)
    # A try that seemed to fail and did not: what is counted already is not counted twice.
    is_newer = new["seen_at"] > kept["seen_at"]
    values["seen_at"] = sa.case((is_newer, new["seen_at"]), else_=kept["seen_at"])
    for name in (*COUNTS, *SUMS):
        both = sa.func.coalesce(kept[name] + new[name], kept[name], new[name])
        values[name] = sa.case((is_newer, both), else_=kept[name])
    return statement.on_conflict_do_update(index_elements=KEY, set_=values)
