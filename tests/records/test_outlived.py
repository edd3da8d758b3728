"""Calls that outlive their node, calls that vanish with it, and what is left of erased ones."""

from datetime import timedelta
from pathlib import Path

import pytest

from app.records.retention import sweep
from app.store import Store, Tenant
from app.store.call_writing import CallFacts, CallNews, write_calls
from app.store.calls import CallFilter
from tests.records.seeding import BEGAN, rows, seed

LIVE = {"status": "live", "ended_at": None, "seconds": None, "end_reason": None}


def news_of(row: dict[str, object]) -> CallNews:
    return CallNews(CallFacts(**row), 0, "")  # type: ignore[arg-type]


async def test_a_call_that_outlived_its_node_has_lasted_since_its_beginning(
    store: Store, tenant: Tenant
) -> None:
    (row,) = rows(1)
    redialled = row["started_at"] + timedelta(seconds=30)
    ended = redialled + timedelta(seconds=8)
    last = {**row, "started_at": redialled, "seen_at": ended, "ended_at": ended, "seconds": 8.0}
    for each in ({**row, **LIVE}, last):
        await write_calls(store, {tenant.organisation_id: [news_of(each)]})

    (call,) = (await tenant.calls.list(CallFilter(), limit=2)).calls
    assert call.seconds == pytest.approx(38.0, abs=0.01)


async def test_a_call_that_vanished_with_its_node_lasted_until_it_was_last_seen(
    store: Store, tenant: Tenant
) -> None:
    seen = BEGAN + timedelta(seconds=61.5)
    await seed(tenant, [{**next(rows(1)), **LIVE, "seen_at": seen}])

    await sweep(store, seen + timedelta(hours=1))

    (call,) = (await tenant.calls.list(CallFilter(), limit=2)).calls
    assert (call.status, call.ended_at) == ("lost", seen)
    assert call.seconds == pytest.approx(61.5, abs=0.01)


async def test_nothing_of_an_erased_call_is_left_in_the_files(
    sqlite_store: Store, sqlite_url: str
) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    tenant = sqlite_store.tenant("00000000-0000-4000-8000-000000000001", "test")
    calls = [*rows(20)]
    await seed(tenant, calls, parts=True)
    number = str(calls[3]["from_number"])
    assert number.encode() in b"".join(one.read_bytes() for one in file.parent.glob("*.db*"))

    await tenant.calls.erase(number)
    await sqlite_store.scrub()

    assert number.encode() not in b"".join(one.read_bytes() for one in file.parent.glob("*.db*"))
