"""Calls: the records of calls, as they are looked up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import sqlalchemy as sa

from app.store.call_telling import tell_of_calls
from app.store.call_writing import call_id
from app.store.news import EVENTS, news_id
from app.store.scope import Scope
from app.store.tables.calls import CALL_PARTS, CALLS
from app.store.tables.webhooks import DELIVERIES

__all__ = ["Call", "CallFilter", "CallPage", "Calls", "Place"]

WINDOW: Final = 4000
"""Rows that a page is looked for among, where a filter has no index of its own."""

Place = tuple[datetime, str]
"""Of a call in the list: when it started, and its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call, live or past; see :class:`app.store.call_writing.CallFacts`."""

    id: str
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
    turns: int
    interruptions: int
    tool_calls: int
    tool_failures: int
    input_tokens: int | None
    output_tokens: int | None
    cost: float | None


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

        It costs about the same whatever is asked for: one index finds a window of calls, and what
        else is asked for is looked up within it.
        """
        window, rest = find_window(self._scope, wanted, after)
        found = sa.select(window).where(*(window.c[name] == value for name, value in rest.items()))
        order = (window.c.started_at.desc(), window.c.id.desc())
        async with self._scope.reading() as connection:
            rows = (await connection.execute(found.order_by(*order).limit(limit + 1))).all()
            calls = [Call(**row._mapping) for row in rows[:limit]]
            if len(rows) > limit:
                return CallPage(calls, (calls[-1].started_at, calls[-1].id))
            if not rest:
                return CallPage(calls, None)
            last = sa.select(window.c.started_at, window.c.id).order_by(*order)
            row = (await connection.execute(last.offset(WINDOW - 1).limit(1))).first()
        return CallPage(calls, None if row is None else (row.started_at, row.id))

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
        values = {"status": "lost", "end_reason": "its node went away"}
        statement = self._scope.update(CALLS).where(is_live(), CALLS.c.seen_at < before)
        async with self._scope.writing() as connection:
            lost = statement.values(**values, ended_at=CALLS.c.seen_at).returning(CALLS.c.id)
            ids = (await connection.execute(lost)).scalars().all()
            await tell_of_calls(self._scope, connection, [("call.ended", one) for one in ids])
        return len(ids)


def find_window(
    scope: Scope, wanted: CallFilter, after: Place | None
) -> tuple[sa.Subquery, dict[str, Any]]:
    """The newest calls that one index finds, and what of the filter is left to look at."""
    equal = {
        "agent_id": wanted.agent_id,
        "application": wanted.application,
        "direction": wanted.direction,
        "status": wanted.status,
        "end_reason": wanted.end_reason,
    }
    rest = {name: value for name, value in equal.items() if value is not None}
    bounds = list(bounds_of(wanted, after))
    calls = scope.select(CALLS, *COLUMNS).where(*bounds).order_by(*ORDER).limit(WINDOW)
    if wanted.number is not None:
        return of_number(calls, wanted.number), rest
    if rest.get("status") == "live":
        del rest["status"]
        calls = calls.where(is_live())
    elif "agent_id" in rest:
        calls = calls.where(CALLS.c.agent_id == rest.pop("agent_id"))
    elif "application" in rest:
        calls = calls.where(CALLS.c.application == rest.pop("application"))
    return calls.subquery(), rest


def of_number(calls: sa.Select[Any], number: str) -> sa.Subquery:
    """Those of either party: one index for each, and the newest of both."""
    sides = (CALLS.c.from_number, CALLS.c.to_number)
    found = [sa.select(calls.where(side == number).subquery()) for side in sides]
    both = sa.union(*found).subquery()
    order = (both.c.started_at.desc(), both.c.id.desc())
    return sa.select(both).order_by(*order).limit(WINDOW).subquery()


def bounds_of(wanted: CallFilter, after: Place | None) -> Sequence[sa.ColumnElement[bool]]:
    """From when to when, and behind which one."""
    started = CALLS.c.started_at
    bounds: list[sa.ColumnElement[bool]] = []
    if wanted.since is not None:
        bounds.append(started >= wanted.since)
    if wanted.until is not None:
        bounds.append(started < wanted.until)
    if after is not None:
        place = (sa.literal(after[0], started.type), sa.literal(after[1], CALLS.c.id.type))
        bounds.append(sa.tuple_(started, CALLS.c.id) < sa.tuple_(*place))
    return bounds


def is_live() -> sa.ColumnElement[bool]:
    """Spelled out, so that both engines see that the index of live calls will do."""
    return CALLS.c.status == sa.literal_column("'live'")
