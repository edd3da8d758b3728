"""Calls: the records of calls, as they are looked up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.call_telling import tell_of_calls
from app.store.call_writing import CallFacts, call_id, seconds_between
from app.store.news import EVENTS, news_id
from app.store.scope import Scope
from app.store.tables.calls import CALL_PARTS, CALLS
from app.store.tables.webhooks import DELIVERIES

__all__ = ["Call", "CallFilter", "CallPage", "Calls", "Place"]

WINDOW: Final = 2500
"""Calls that are looked at for one page, on each way."""

Place = tuple[datetime, str]
"""Of a call in the list: when it started, and its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(CallFacts):
    """A call, live or past, with the id of its row."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls; what is None does not matter.

    Attributes:
        number: Of either party, as it was signalled.
        since, until: When it started: not before, and before.
    """

    agent_id: str | None = None
    application: str | None = None
    direction: str | None = None
    number: str | None = None
    status: str | None = None
    end_reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class CallPage:
    """Some calls, newest first.

    Attributes:
        next: Where the next page begins; None after the last one. A page may hold fewer calls than
            were asked for, none even, and still be followed by others.
    """

    calls: Sequence[Call]
    next: Place | None


Condition = sa.ColumnElement[bool]
Conditions = Sequence[Condition]

COLUMNS: Final = tuple(CALLS.c[name] for name in Call.__dataclass_fields__)
ORDER: Final = (CALLS.c.started_at.desc(), CALLS.c.id.desc())


class Calls:
    """The records of one organisation's calls."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def list(
        self, wanted: CallFilter, *, limit: int = 50, after: Place | None = None
    ) -> CallPage:
        """A page of calls, newest first.

        It costs about the same whatever is asked for: an index finds calls in order, and what else
        is asked for is looked up in some thousands of them at most.
        """
        ways, rest = ways_to(wanted)
        bounds = bounds_of(wanted, after)
        async with self._scope.reading() as connection:
            walks = [await self._walk(connection, [way, *bounds], rest, limit + 1) for way in ways]
        found = {call.id: call for walk, _ in walks for call in walk}  # some are on both
        calls = sorted(found.values(), key=place_of, reverse=True)
        end = max((end for _, end in walks if end is not None), default=None)
        if end is not None:  # what comes behind it is not known of all ways
            calls = [call for call in calls if place_of(call) >= end]
        if len(calls) > limit:
            return CallPage(calls[:limit], place_of(calls[limit - 1]))
        return CallPage(calls, end)

    async def _walk(
        self, connection: AsyncConnection, way: Conditions, rest: Conditions, limit: int
    ) -> tuple[Sequence[Call], Place | None]:
        """The first calls on a way that fit, and how far it was looked; None to its very end."""
        end = await self._end_of_window(connection, way) if rest else None
        query = self._scope.select(CALLS, *COLUMNS).where(*way, *rest)
        if end is not None:
            query = query.where(CALLS.c.started_at >= end[0])
        rows = await connection.execute(query.order_by(*ORDER).limit(limit))
        return [Call(**row._mapping) for row in rows], end

    async def _end_of_window(self, connection: AsyncConnection, way: Conditions) -> Place | None:
        """The last of the calls that are looked at; None where there are not so many."""
        query = self._scope.select(CALLS, CALLS.c.started_at, CALLS.c.id).where(*way)
        row = (await connection.execute(query.order_by(*ORDER).offset(WINDOW - 1).limit(1))).first()
        return None if row is None else (row.started_at, row.id)

    async def get(self, call_sid: str) -> Call | None:
        """A call by its call_sid."""
        key = call_id(self._scope.organisation_id, call_sid)
        statement = self._scope.select(CALLS, *COLUMNS).where(CALLS.c.id == key)
        async with self._scope.reading() as connection:
            row = (await connection.execute(statement)).first()
        return None if row is None else Call(**row._mapping)

    async def parts(self, call_sid: str) -> Sequence[str]:
        """What happened in a call, as it was written; see :mod:`app.records.entries`."""
        key = call_id(self._scope.organisation_id, call_sid)
        table = CALL_PARTS.c
        statement = self._scope.select(CALL_PARTS, table.entries).where(table.call_id == key)
        async with self._scope.reading() as connection:
            found = await connection.execute(statement.order_by(table.part))
        return [str(entries) for entries in found.scalars()]

    async def parts_of(self, ids: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """The same of several calls, by their ids."""
        table = CALL_PARTS.c
        statement = self._scope.select(CALL_PARTS, table.call_id, table.entries)
        found: dict[str, list[str]] = {}
        async with self._scope.reading() as connection:
            ordered = statement.where(table.call_id.in_(ids)).order_by(table.call_id, table.part)
            for call, entries in await connection.execute(ordered):
                found.setdefault(call, []).append(entries)
        return found

    async def erase(self, number: str, *, limit: int = 500) -> int:
        """Erase calls that a number took part in; how many, which may leave others.

        Raises:
            StoreUnavailable: The store does not answer; nothing was erased.
        """
        party = sa.or_(CALLS.c.from_number == number, CALLS.c.to_number == number)
        return await self._remove(party, limit, action="erase")

    async def expire(self, before: datetime, *, limit: int = 500) -> int:
        """Remove calls that began before a moment and are over; how many, which may leave others.

        Raises:
            StoreUnavailable: The store does not answer; nothing was removed.
        """
        is_old = sa.and_(CALLS.c.started_at < before, CALLS.c.status != "live")
        return await self._remove(is_old, limit, action="expire")

    async def _remove(self, which: sa.ColumnElement[bool], limit: int, *, action: str) -> int:
        """Remove some calls, in one transaction with a note of how many, but not of whose."""
        some = self._scope.select(CALLS, CALLS.c.id).where(which).order_by(CALLS.c.started_at)
        async with self._scope.writing() as connection:
            ids = (await connection.execute(some.limit(limit))).scalars().all()
            if ids:
                removal = self._scope.delete(CALLS).where(CALLS.c.id.in_(ids))
                await connection.execute(removal)  # its parts and turns go with it
                await connection.execute(self._untold(ids))
                counted = {"calls": len(ids)}
                await self._scope.audit(connection, action, "calls", "", before=counted)
        return len(ids)

    def _untold(self, ids: Sequence[str]) -> sa.Delete:
        """Messages to webhooks about calls, which hold their parties, are removed with them."""
        about = [news_id(event, call) for call in ids for event in EVENTS]
        return self._scope.delete(DELIVERIES).where(DELIVERIES.c.event_id.in_(about))

    async def settle_lost(self, before: datetime) -> int:
        """Calls whose node has not written since are over, nobody knows how; how many."""
        started, seen = CALLS.c.started_at, CALLS.c.seen_at
        seconds = seconds_between(started, seen, is_sqlite=self._scope.is_sqlite)
        values = {"status": "lost", "end_reason": "its node went away", "seconds": seconds}
        statement = self._scope.update(CALLS).where(is_live(), CALLS.c.seen_at < before)
        async with self._scope.writing() as connection:
            lost = statement.values(**values, ended_at=seen).returning(CALLS.c.id)
            ids = (await connection.execute(lost)).scalars().all()
            await tell_of_calls(self._scope, connection, [("call.ended", one) for one in ids])
        return len(ids)


def ways_to(wanted: CallFilter) -> tuple[Conditions, Conditions]:
    """Which calls to walk along, each by an index, and what else to look for on the way."""
    number, status = wanted.number, wanted.status
    caller, called = CALLS.c.from_number, CALLS.c.to_number
    rest: dict[str, Condition] = {
        name: is_plainly(CALLS.c[name], value)
        for name in ("agent_id", "application", "direction", "status", "end_reason")
        if (value := getattr(wanted, name)) is not None
    }
    if number is not None:
        either = sa.or_(is_plainly(caller, number), is_plainly(called, number))
        rest["number"] = either
    ways: Conditions = [sa.true()]
    if status == "live":
        ways, way = [is_live()], "status"
    elif number is not None:
        ways, way = [caller == number, called == number], "number"
    elif wanted.agent_id is not None:
        ways, way = [CALLS.c.agent_id == wanted.agent_id], "agent_id"
    elif wanted.application is not None:
        ways, way = [CALLS.c.application == wanted.application], "application"
    else:
        way = ""
    return ways, [condition for name, condition in rest.items() if name != way]


def is_plainly(column: sa.Column[Any], value: object) -> Condition:
    """That a column has a value, without an index."""
    condition: Condition = plain(column) == value
    return condition


def plain(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """A column in words that tempt no engine away from the index of the way."""
    return sa.func.coalesce(column, column)


def bounds_of(wanted: CallFilter, after: Place | None) -> Conditions:
    """From when to when, and behind which one."""
    started = CALLS.c.started_at
    bounds: list[Condition] = []
    if wanted.since is not None:
        bounds.append(started >= wanted.since)
    if wanted.until is not None and (after is None or after[0] >= wanted.until):
        bounds.append(started < wanted.until)  # else the other one says more, and one is enough
    if after is not None:
        # Compared as a pair, they would lure SQLite away from the index of the way.
        is_behind = sa.or_(plain(started) < after[0], plain(CALLS.c.id) < after[1])
        bounds += (started <= after[0], is_behind)
    return bounds


def place_of(call: Call) -> Place:
    """Where a call stands in the list."""
    return call.started_at, call.id


def is_live() -> sa.ColumnElement[bool]:
    """Spelled out, so that both engines see that the index of live calls will do."""
    return CALLS.c.status == sa.literal_column("'live'")
