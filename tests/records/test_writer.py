"""What waits for the store, how much of it, and what cannot be written at all."""

import asyncio
import sqlite3
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from app.counters import Counters
from app.organisation import DEFAULT_ORGANISATION
from app.records import Prices
from app.records import writer as writing
from app.records.pieces import Piece
from app.records.writer import Writer
from app.store import Store, StoreUnavailable, Tenant, new_id, now
from app.store.call_writing import CallFacts, write_calls
from app.store.calls import CallFilter


def facts(call_sid: str) -> CallFacts:
    moment = now()
    return CallFacts(
        call_sid=call_sid,
        application="/desk",
        agent_id=None,
        agent_version=None,
        direction="inbound",
        from_number="+15085551212",
        to_number="+16175550100",
        started_at=moment,
        seen_at=moment,
        ended_at=moment,
        seconds=0.0,
        status="ended",
        end_reason="completed",
    )


def piece(call_sid: str, *, organisation_id: str = DEFAULT_ORGANISATION, size: int = 10) -> Piece:
    entry = (1, 1_000_000.5, "session", {"type": "ended"})
    return Piece(organisation_id, facts(call_sid), "", [entry], size)


def lost(registry: CollectorRegistry, what: str) -> float:
    return registry.get_sample_value("cordboard_records_lost_total", {"what": what}) or 0.0


async def pages(store: Store, most: int) -> None:
    """Let the file of SQLite have so many pages, or as many as it takes with 0."""
    async with store.writing() as connection:
        most = most or 1_000_000
        await connection.exec_driver_sql(f"PRAGMA max_page_count = {most}")


async def test_a_full_disk_is_waited_for(sqlite_store: Store) -> None:
    counters = Counters()
    writer = Writer(sqlite_store, counters, Prices({}), most=10**8)
    await pages(sqlite_store, 1)  # no more than there are
    for number in range(500):
        writer.put(piece(f"call-{number}"))
    await writer.write()
    assert writer.is_away

    await pages(sqlite_store, 0)
    writer._again = 0.0
    await writer.write()

    assert await count(sqlite_store) == 500
    assert lost(counters.registry, "calls") == 0


async def count(store: Store) -> int:
    async with store.reading() as connection:
        found = await connection.execute(sa.text("SELECT count(*) FROM calls"))
        return int(found.scalar_one())


async def test_what_is_too_much_to_wait_is_lost_and_counted_but_the_calls_are_known(
    sqlite_store: Store,
) -> None:
    counters = Counters()
    writer = Writer(sqlite_store, counters, Prices({}), most=100)
    with capture_logs() as logs:
        for number in range(20):
            writer.put(piece(f"call-{number}", size=30))
        await writer.write()

    assert await count(sqlite_store) == 20
    assert lost(counters.registry, "entries") == 17
    assert lost(counters.registry, "calls") == 0
    assert [one["event"] for one in logs] == ["records_lost", "records_go_on"]
    assert logs[-1]["lost"] == 17


async def test_a_record_that_cannot_be_written_does_not_keep_the_others_waiting(
    store: Store, tenant: Tenant
) -> None:
    counters = Counters()
    writer = Writer(store, counters, Prices({}), most=10**6)
    for organisation_id in (DEFAULT_ORGANISATION, new_id(), DEFAULT_ORGANISATION):
        writer.put(piece(new_id(), organisation_id=organisation_id))
    with capture_logs() as logs:
        await writer.write()

    assert len((await tenant.calls.list(CallFilter())).calls) == 2
    assert [one["event"] for one in logs] == ["record_refused"]
    assert lost(counters.registry, "calls") == 1


async def test_a_piece_that_nobody_can_read_is_lost_alone(sqlite_store: Store) -> None:
    counters = Counters()
    writer = Writer(sqlite_store, counters, Prices({}), most=10**6)
    beyond = replace(facts("too-many"), agent_version=2**70)  # raised by the driver as it is
    odd = replace(piece("odd"), items=[(1, 5.0, "event", b'{"data":{"usage":')])
    for one in (piece("call-1"), odd, replace(piece("too-many"), facts=beyond), piece("call-2")):
        writer.put(one)
    with capture_logs() as logs:
        await writer.write()
        await writer.settled()

    assert await count(sqlite_store) == 2
    refused = [(one["event"], one["call_sid"]) for one in logs]
    assert refused == [("record_refused", "odd"), ("record_refused", "too-many")]
    assert lost(counters.registry, "calls") == 2


async def test_what_was_written_although_the_store_failed_is_not_counted_twice(
    store: Store, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def written_but_not_told(*args: Any) -> int:
        await write_calls(*args)
        monkeypatch.setattr(writing, "write_calls", write_calls)
        raise StoreUnavailable("the connection was lost")

    monkeypatch.setattr(writing, "write_calls", written_but_not_told)
    writer = Writer(store, Counters(), Prices({}), most=10**6)
    for second, moment in enumerate((now(), now() + timedelta(seconds=1))):
        seen = replace(facts("call-1"), seen_at=moment)
        told = b'{"data":{"type":"turn_end","usage":{"input_tokens":7}}}'
        turn = [(1, second + 5.0, "event", told), (0, 0.0, "turn", {"interrupted": True})]
        writer.put(replace(piece("call-1"), facts=seen, items=turn))
    await writer.write()
    assert writer.is_away
    writer._again = 0.0
    await writer.write()

    found = await tenant.calls.get("call-1")
    assert found is not None
    assert (found.turns, found.interruptions, found.input_tokens) == (2, 2, 14)
    assert len(await tenant.calls.parts("call-1")) == 2


async def test_whatever_a_caller_calls_itself_can_be_kept(store: Store, tenant: Tenant) -> None:
    writer = Writer(store, Counters(), Prices({}), most=10**6)
    frame = rb'{"data":{"type":"user_transcript","transcript":"a\u0000b \ud83d\ude00"}}'
    entries = [(1, 5.0, "event", frame), (2, 6.0, "update", {"number": 2**70})]
    writer.put(Piece(DEFAULT_ORGANISATION, facts("call-1"), "", entries, 10))
    await writer.write()

    [part] = await tenant.calls.parts("call-1")

    assert part.count("user_transcript") == 1
    assert "JSON cannot hold it" in part


async def test_writing_the_same_once_more_keeps_entries_and_turns_single(
    store: Store, tenant: Tenant
) -> None:
    writer = Writer(store, Counters(), Prices({}), most=10**6)
    for _ in range(2):
        writer.put(piece("call-1"))
        await writer.write()

    assert len(await tenant.calls.parts("call-1")) == 1


async def test_a_file_that_another_program_writes_to_is_waited_for(
    sqlite_store: Store, sqlite_url: str
) -> None:
    writer = Writer(sqlite_store, Counters(), Prices({}), most=10**6)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writer.put(piece("call-1"))
    writing = asyncio.create_task(writer.write())
    settled = asyncio.create_task(writer.settled())
    await asyncio.wait([settled], timeout=0.05)
    assert not settled.done()

    other.execute("ROLLBACK")
    other.close()
    await asyncio.gather(writing, settled)

    assert await count(sqlite_store) == 1
