"""What goes together in the store: a batch costs as many statements as one entry."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from app.bus import Entry, StoreBus
from app.store import Store
from tests.bus.tables import entry


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """What is asked meanwhile, as far as it changes something."""
    asked: list[str] = []

    def hear(*args: object) -> None:
        asked.append(str(args[2]).split()[0])

    engines = store._engines
    engine = engines.thread.engine if engines.thread else engines.writer.sync_engine
    sa.event.listen(engine, "before_cursor_execute", hear)
    yield asked
    sa.event.remove(engine, "before_cursor_execute", hear)


def calls(count: int) -> list[Entry]:
    return [entry(f"call {n}") for n in range(count)]


async def test_a_batch_of_any_size_takes_as_many_statements_as_one_entry(store: Store) -> None:
    bus = StoreBus(store, patience=30)
    counts = []
    for size in (1, 300):
        with statements(store) as claims:
            epochs = (await bus.write("one", calls(size))).epochs
        changes = [entry(key, epoch, text=b"2") for key, epoch in epochs.items()]
        with statements(store) as kept:
            await bus.write("one", changes)
        ends = [entry(key, epoch, text=None) for key, epoch in epochs.items()]
        with statements(store) as ended:
            await bus.write("one", ends)
        counts.append([len(claims), len(kept), len(ended)])

    assert counts[0] == counts[1]
    assert counts[0][1] <= 2  # as nearly all are: BEGIN, where it is said, and the change


async def test_calls_that_come_back_at_once_are_taken_over_together(store: Store) -> None:
    bus = StoreBus(store, patience=30)
    await bus.write("one", calls(200))

    with statements(store) as asked:
        taken = await asyncio.gather(*(bus.take_over(f"call {n}", "two") for n in range(200)))

    assert len({one.epoch for one in taken if one}) == 200
    assert len(asked) < 20


async def test_who_asks_no_more_stops_no_other(store: Store) -> None:
    bus = StoreBus(store, patience=30)
    await bus.write("one", calls(2))
    first = asyncio.create_task(bus.take_over("call 0", "two"))
    second = asyncio.create_task(bus.take_over("call 1", "two"))
    await asyncio.sleep(0)
    first.cancel()

    taken = await second
    assert taken is not None
    assert taken.node_id == "one"
    await bus.close()
