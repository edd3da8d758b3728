"""Statistics of calls: of one agent, or of all that an organisation answers, as time goes by."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.percentiles import STAGES, Latencies, Stage, latencies
from app.store.scope import Scope
from app.store.tables.calls import CALLS, TURNS

__all__ = [
    "STAGES",
    "By",
    "Figures",
    "Latencies",
    "Stage",
    "Statistics",
    "Summary",
    "count_periods",
]

By = Literal["hour", "day"]

STEPS: Final[Mapping[By, timedelta]] = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
# How much of a time, as SQLite keeps it and as it is written here, tells the period.
LENGTHS: Final[Mapping[By, int]] = {"hour": 13, "day": 10}

NOTHING: Final[Latencies] = dict.fromkeys(STAGES, Stage(0, None, None))


@dataclass(frozen=True, slots=True)
class Summary:
    """What can be counted of calls.

    Args:
        calls: That began.
        ended: How many of them are over.
        seconds: Their length together, of those that are over.
        turns: Of the caller and the agent.
        interruptions: Turns in which the caller spoke over the agent.
        tool_calls: All of them.
        tool_failures: How many of them failed.
    """

    calls: int = 0
    ended: int = 0
    seconds: float = 0.0
    turns: int = 0
    interruptions: int = 0
    tool_calls: int = 0
    tool_failures: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of one period, or of all.

    Args:
        start: When it begins, in UTC.
        summary: Of the calls that began in it.
        latency: Of the turns that ended in it, by stage.
    """

    start: datetime
    summary: Summary
    latency: Latencies


class Statistics:
    """The statistics of one organisation."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def read(
        self, *, since: datetime, until: datetime, by: By, agent_id: str | None = None
    ) -> tuple[Figures, Sequence[Figures]]:
        """Of the whole time, and of each period in it, also of those in which nothing was.

        Args:
            since: From when on.
            until: Up to then, exclusively.
            by: How long a period is; it begins with the hour or the day, in UTC.
            agent_id: Of the calls of this agent; else of all.
        """
        start = _floor(since, by)
        async with self._scope.reading() as connection:
            began = self._chosen(CALLS, CALLS.c.started_at, since, until, agent_id)
            calls = await _count(connection, began, self._period(CALLS.c.started_at, by))
            ended = self._chosen(TURNS, TURNS.c.at, since, until, agent_id)
            latency = await latencies(connection, ended, self._period(TURNS.c.at, by))
        total, by_period = latency
        each = []
        while start < until:
            key = self._key(start, by)
            known = (calls.get(key, Summary()), by_period.get(key, NOTHING))
            each.append(Figures(start, *known))
            start += STEPS[by]
        return Figures(since, _sum(calls.values()), total), each

    def _chosen(
        self,
        table: sa.Table,
        moment: sa.ColumnElement[datetime],
        since: datetime,
        until: datetime,
        agent_id: str | None,
    ) -> sa.Select[Any]:
        query = self._scope.select(table).where(moment >= since, moment < until)
        return query if agent_id is None else query.where(table.c.agent_id == agent_id)

    def _period(self, moment: sa.ColumnElement[datetime], by: By) -> sa.ColumnElement[Any]:
        """The period of a row, as `_key` has it."""
        if self._scope.is_sqlite:
            return sa.func.substr(sa.type_coerce(moment, sa.String), 1, LENGTHS[by])
        # Not as parameters, of which PostgreSQL would not see that they are the same twice.
        unit: sa.ColumnElement[str] = sa.literal_column(f"'{by}'")
        zone: sa.ColumnElement[str] = sa.literal_column("'UTC'")
        return sa.func.date_trunc(unit, moment, zone)

    def _key(self, start: datetime, by: By) -> Any:
        return str(start)[: LENGTHS[by]] if self._scope.is_sqlite else start


async def _count(
    connection: AsyncConnection, calls: sa.Select[Any], period: sa.ColumnElement[Any]
) -> dict[Any, Summary]:
    counted = [
        sa.func.count().label("calls"),
        sa.func.count(CALLS.c.seconds).label("ended"),
        *(
            sa.func.coalesce(sa.func.sum(CALLS.c[name]), 0).label(name)
            for name in ("seconds", "turns", "interruptions", "tool_calls", "tool_failures")
        ),
    ]
    query = calls.with_only_columns(period.label("period"), *counted).group_by(sa.text("period"))
    return {period: Summary(*values) for period, *values in await connection.execute(query)}


def _sum(summaries: Iterable[Summary]) -> Summary:
    return Summary(*map(sum, zip(*map(astuple, summaries), strict=True)))


def _floor(moment: datetime, by: By) -> datetime:
    """When the period of a moment begins."""
    start = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return start.replace(hour=0) if by == "day" else start


def count_periods(since: datetime, until: datetime, by: By) -> int:
    """How many periods there are between two moments, those that begin or end outside too."""
    return max(0, -(-(until - _floor(since, by)) // STEPS[by]))
