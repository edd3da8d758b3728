"""How long the stages of turns took: medians and 95th percentiles by period, to the millisecond.

PostgreSQL works them out by itself. SQLite knows no percentiles, so it gives the milliseconds of
each period as one text, much sooner than row by row, and they are counted here, off the loop. Both
take the nearest rank, so both say the same.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.tables.calls import TURNS

__all__ = ["STAGES", "Latencies", "Stage", "latencies"]

MEASURED: Final = ("stt", "eot", "llm", "tool", "tts")
STAGES: Final = (*MEASURED, "total")
"""The stages of a turn, and their sum."""

PERCENTS: Final = (50, 95)
LONGEST: Final = 86_400_000.0
"""Milliseconds of a day: no stage of a turn takes longer."""

Latencies = Mapping[str, "Stage"]


@dataclass(frozen=True, slots=True)
class Stage:
    """How long one stage took.

    Args:
        turns: In how many turns it was measured.
        p50_ms: Half of them were as quick as this, or quicker; None where there are none.
        p95_ms: The same of 95 in a hundred.
    """

    turns: int
    p50_ms: int | None
    p95_ms: int | None


async def latencies(
    connection: AsyncConnection, turns: sa.Select[Any], period: sa.ColumnElement[Any]
) -> tuple[Latencies, dict[Any, Latencies]]:
    """Of all turns together, and of those of each period.

    Args:
        connection: In a transaction.
        turns: Chooses the turns; its columns are set here.
        period: In which period a turn is.
    """
    if connection.dialect.name == "sqlite":
        return await _counted(connection, turns, period)
    return await _asked(connection, turns, period)


def _stages(*, is_sqlite: bool) -> list[sa.ColumnElement[int]]:
    """Milliseconds of each stage and of all, rounded in the same way by both engines."""

    def whole(column: sa.ColumnElement[float]) -> sa.ColumnElement[int]:
        raised = column + sa.literal_column("0.5")
        return sa.cast(raised if is_sqlite else sa.func.floor(raised), sa.Integer)

    # What nobody can have measured would not fit into an integer of PostgreSQL's.
    columns = [TURNS.c[f"{name}_ms"] for name in MEASURED]
    measured = [sa.case((column.between(0, LONGEST), column)) for column in columns]
    first, *others = (sa.func.coalesce(one, 0.0) for one in measured)
    return [*map(whole, measured), sa.func.nullif(whole(sum(others, start=first)), 0)]


async def _asked(
    connection: AsyncConnection, turns: sa.Select[Any], period: sa.ColumnElement[Any]
) -> tuple[Latencies, dict[Any, Latencies]]:
    fractions = sa.literal([percent / 100 for percent in PERCENTS], ARRAY(sa.Float))
    columns: list[sa.ColumnElement[Any]] = [period.label("period")]
    for stage in _stages(is_sqlite=False):
        ranks = sa.func.percentile_disc(fractions).within_group(stage)
        columns += [sa.func.count(stage), sa.type_coerce(ranks, ARRAY(sa.Integer))]
    sets = sa.func.grouping_sets(sa.tuple_(period), sa.text("()"))
    found: dict[Any, Latencies] = {}
    for name, *values in await connection.execute(turns.with_only_columns(*columns).group_by(sets)):
        pairs = zip(values[::2], values[1::2], strict=True)
        stages = [Stage(count, *(ranks or (None, None))) for count, ranks in pairs]
        found[name] = dict(zip(STAGES, stages, strict=True))
    total = found.pop(None, None) or dict.fromkeys(STAGES, Stage(0, None, None))
    return total, found


async def _counted(
    connection: AsyncConnection, turns: sa.Select[Any], period: sa.ColumnElement[Any]
) -> tuple[Latencies, dict[Any, Latencies]]:
    columns = [sa.func.group_concat(stage) for stage in _stages(is_sqlite=True)]
    query = turns.with_only_columns(period.label("period"), *columns).group_by(sa.text("period"))
    totals = [Counter[int]() for _ in STAGES]
    found: dict[Any, Latencies] = {}
    async with connection.stream(query.execution_options(yield_per=1)) as rows:
        async for name, *texts in rows:
            found[name] = await asyncio.to_thread(_count, texts, totals)
    return _ranked(totals), found


def _count(texts: Sequence[str | None], totals: Sequence[Counter[int]]) -> Latencies:
    """Of one period; what it counts is added to the totals."""
    counts = [Counter[int](orjson.loads(f"[{text or ''}]")) for text in texts]
    for total, count in zip(totals, counts, strict=True):
        total.update(count)
    return _ranked(counts)


def _ranked(counts: Sequence[Counter[int]]) -> Latencies:
    return dict(zip(STAGES, map(_rank, counts), strict=True))


def _rank(count: Counter[int]) -> Stage:
    turns = count.total()
    ranks = [-(-turns * percent // 100) for percent in PERCENTS]
    found: list[int] = []
    seen = 0
    for milliseconds in sorted(count):
        seen += count[milliseconds]
        found += [milliseconds for rank in ranks[len(found) :] if seen >= rank]
    return Stage(turns, *found) if found else Stage(0, None, None)
