"""A process that falls silent in the middle of a change holds nobody up for long."""

import asyncio

from app.bus import StoreBus
from app.bus.tables import Tables
from app.store import Store, open_store
from tests.bus.tables import entry

SILENCE = 0.2


async def begin_and_fall_silent(
    store: Store, tables: Tables, epoch: int, has_locked: asyncio.Event
) -> None:
    """Lock a call and say no more, until the transaction is told to end."""
    async with store.writing() as connection:
        batch = [entry("call", epoch, text=b"2")]
        await connection.run_sync(tables.change, SILENCE, tables.write, "one", batch)
        has_locked.set()
        await asyncio.Event().wait()


async def test_a_call_of_a_process_that_is_frozen_in_a_transaction_can_be_taken(
    postgres_url: str,
) -> None:
    frozen, awake = await open_store(postgres_url), await open_store(postgres_url)
    one, two = StoreBus(frozen, patience=10), StoreBus(awake, patience=10)
    epoch = (await one.write("one", [entry("call", text=b"1")])).epochs["call"]
    has_locked = asyncio.Event()
    tables = Tables(lease=15, is_sqlite=False)
    silent = asyncio.create_task(begin_and_fall_silent(frozen, tables, epoch, has_locked))
    await has_locked.wait()

    taken = await two.take_over("call", "two")

    assert taken is not None
    assert taken.checkpoint == b"1"
    silent.cancel()
    await asyncio.wait([silent])
    assert (await one.write("one", [entry("call", epoch, text=b"3")])).lost == {"call"}
    for bus, store in ((one, frozen), (two, awake)):
        await bus.close()
        await store.close()
