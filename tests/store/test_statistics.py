"""Statistics of calls: the same figures on both engines."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.dialects import sqlite

from app.store import DEFAULT_ORGANISATION, Store, Tenant, new_id
from app.store.statistics import STAGES, By, Figures, Stage, Summary, count_periods
from app.store.tables.calls import CALLS, TURNS

DAY = datetime(2026, 3, 1, tzinfo=UTC)
NIGHT = timedelta(hours=23, minutes=30)


async def add_call(
    tenant: Tenant, started_at: datetime, turns: Sequence[dict[str, Any]] = (), **values: Any
) -> None:
    """A call that is over, with what its turns took."""
    call_id = new_id()
    row = {
        "id": call_id,
        "call_sid": call_id,
        "application": "/agents",
        "direction": "inbound",
        "from_number": "+15085551212",
        "to_number": "+16175550100",
        "started_at": started_at,
        "seen_at": started_at,
        "seconds": 60.0,
        "status": "ended",
        "turns": len(turns),
        "interruptions": 0,
        "tool_calls": 0,
        "tool_failures": 0,
        **values,
    }
    agent_id = values.get("agent_id")
    async with tenant.scope.writing() as connection:
        await connection.execute(tenant.scope.insert(CALLS).values(**row))
        for number, turn in enumerate(turns):
            moment = started_at + timedelta(seconds=number)
            more = {"at": moment, "interrupted": False, "agent_id": agent_id, "call_id": call_id}
            await connection.execute(tenant.scope.insert(TURNS).values(**more, **turn))


async def read(
    tenant: Tenant, days: float = 2, by: By = "day", **more: Any
) -> tuple[Figures, Sequence[Figures]]:
    until = DAY + timedelta(days=days)
    return await tenant.statistics.read(since=DAY, until=until, by=by, **more)


async def test_calls_are_counted_by_the_day_they_began(tenant: Tenant) -> None:
    await add_call(tenant, DAY, [{}, {}], interruptions=1, tool_calls=3, tool_failures=1)
    await add_call(tenant, DAY + NIGHT, seconds=30.0)
    await add_call(tenant, DAY + timedelta(days=1), seconds=None, status="live")
    await add_call(tenant, DAY + timedelta(days=2))
    await add_call(tenant, DAY - timedelta(microseconds=1))
    total, (first, second) = await read(tenant)

    assert total.summary == Summary(3, 2, 90.0, 2, 1, 3, 1)
    assert first.summary == Summary(2, 2, 90.0, 2, 1, 3, 1)
    assert second.summary == Summary(1, 0, 0.0, 0, 0, 0, 0)
    assert [first.start, second.start] == [DAY, DAY + timedelta(days=1)]


async def test_another_organisation_sees_nothing_of_it(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    await add_call(tenant, DAY, [{"llm_ms": 100.0}])
    total, periods = await read(other_tenant)

    for one in (total, *periods):
        assert one.summary == Summary()
        assert set(one.latency.values()) == {Stage(0, None, None)}


async def test_one_agent_is_told_from_the_others(tenant: Tenant) -> None:
    mine, other = new_id(), new_id()
    await add_call(tenant, DAY, [{"llm_ms": 100.0}], agent_id=mine)
    await add_call(tenant, DAY, [{"llm_ms": 900.0}] * 2, agent_id=other)
    await add_call(tenant, DAY, [{"llm_ms": 900.0}])
    total, _ = await read(tenant, agent_id=mine)

    assert total.summary.calls == 1
    assert total.latency["llm"] == Stage(1, 100, 100)


async def test_hours_without_calls_are_there_too(tenant: Tenant) -> None:
    await add_call(tenant, DAY + timedelta(hours=2, minutes=59), [{"tts_ms": 80.4}])
    _, hours = await read(tenant, days=0.25, by="hour")

    assert [one.summary.calls for one in hours] == [0, 0, 1, 0, 0, 0]
    assert [one.latency["tts"].p50_ms for one in hours] == [None, None, 80, None, None, None]
    assert hours[2].start == DAY + timedelta(hours=2)


async def test_periods_begin_with_the_hour_wherever_the_time_begins(tenant: Tenant) -> None:
    since = DAY + timedelta(minutes=30)
    await add_call(tenant, DAY)
    await add_call(tenant, since)
    total, hours = await tenant.statistics.read(
        since=since, until=since + timedelta(hours=1), by="hour"
    )

    assert total.summary.calls == 1
    assert [(one.start, one.summary.calls) for one in hours] == [
        (DAY, 1),
        (DAY + timedelta(hours=1), 0),
    ]


async def test_percentiles_are_those_of_the_nearest_rank(tenant: Tenant) -> None:
    await add_call(tenant, DAY, [{"llm_ms": float(number)} for number in range(1, 22)])
    total, _ = await read(tenant)

    assert total.latency["llm"] == Stage(21, 11, 20)
    assert total.latency["stt"] == Stage(0, None, None)


async def test_the_total_is_the_sum_of_what_was_measured(tenant: Tenant) -> None:
    await add_call(
        tenant,
        DAY,
        [{"stt_ms": 10.4, "llm_ms": 20.4, "tool_ms": 0.0}, {}, {"eot_ms": 0.5}],
    )
    total, _ = await read(tenant)

    assert total.latency["stt"] == Stage(1, 10, 10)
    assert total.latency["tool"] == Stage(1, 0, 0)
    assert total.latency["eot"] == Stage(1, 1, 1)
    assert total.latency["total"] == Stage(2, 1, 31)


async def test_the_figures_are_those_that_a_plain_count_gives(tenant: Tenant) -> None:
    """By another way: all turns at hand, sorted, the rank counted off."""
    draw = random.Random(7)
    turns = [
        {"llm_ms": draw.lognormvariate(6, 1), "tts_ms": draw.choice([None, draw.random() * 300])}
        for _ in range(200)
    ]
    moments = [DAY, DAY + NIGHT]
    for number, moment in enumerate(moments):
        await add_call(tenant, moment, turns[number * 100 :][:100])
    total, (day, _) = await read(tenant)

    for figures in (total, day):
        for stage in ("llm", "tts"):
            known = sorted(
                int(one + 0.5) for turn in turns if (one := turn[f"{stage}_ms"]) is not None
            )
            assert figures.latency[stage] == Stage(
                len(known), known[-(-len(known) // 2) - 1], known[-(-len(known) * 95 // 100) - 1]
            )


async def test_every_stage_is_told(tenant: Tenant) -> None:
    total, _ = await read(tenant)

    assert tuple(total.latency) == STAGES == ("stt", "eot", "llm", "tool", "tts", "total")


@pytest.mark.parametrize(
    ("hours", "by", "expected"),
    [(0, "hour", 0), (1, "hour", 1), (1.5, "hour", 2), (24, "day", 1), (25, "day", 2)],
)
def test_periods_are_counted_before_they_are_read(hours: float, by: By, expected: int) -> None:
    assert count_periods(DAY, DAY + timedelta(hours=hours), by) == expected


async def test_what_is_asked_is_found_by_an_index(sqlite_store: Store) -> None:
    """Else a million turns would be looked through for an hour of them."""
    tenant = sqlite_store.tenant(DEFAULT_ORGANISATION)
    query = tenant.scope.select(TURNS).where(TURNS.c.at >= DAY, TURNS.c.at < DAY)
    dialect = sqlite.dialect()
    text = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    async with tenant.scope.reading() as connection:
        rows = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")
        plan = " ".join(str(row) for row in rows)

    assert "organisation_id=? AND at>? AND at<?" in plan
