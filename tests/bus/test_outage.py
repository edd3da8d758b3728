"""The real servers of the table are stopped and started under load: it says so, and heals."""

import asyncio
import os
import shutil
import signal
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Protocol

import pytest
import pytest_asyncio

from app.bus import PATIENCE, Bus, BusUnavailable
from tests.bus.tables import InRedis, InStore, Table, entry, node
from tests.services.postgres import Postgres, postgres
from tests.services.valkey import Valkey, valkey

QUICK = PATIENCE + 1.5  # of a machine that has other things to do, too
LOAD = 8


class Server(Protocol):
    def start(self) -> None: ...
    def stop(self) -> None: ...


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture(scope="module")
def own_valkey() -> Iterator[Valkey]:
    folder = Path(tempfile.mkdtemp(prefix="cordboard-valkey-"))
    with valkey(folder) as server:
        yield server
    shutil.rmtree(folder)


@pytest.fixture(params=["postgresql", "valkey"])
def server(request: pytest.FixtureRequest) -> Server:
    name = "own_postgres" if request.param == "postgresql" else "own_valkey"
    found: Server = request.getfixturevalue(name)
    return found


@pytest_asyncio.fixture
async def table(server: Server) -> AsyncIterator[Table]:
    """A table on that server."""
    if isinstance(server, Postgres):
        table: Table = InStore(server.url())
    else:
        assert isinstance(server, Valkey)
        table = InRedis(server.url, "outage")
    table.patience = PATIENCE
    yield table
    await table.close()


class Load:
    """A node that goes on with one call whatever happens, as fast as it can."""

    def __init__(self, bus: Bus, number: int) -> None:
        self.bus, self.name, self.key = bus, f"node {number}", f"call {number}"
        self.epochs: list[int] = []
        self.slowest = 0.0
        self.turns = asyncio.Condition()
        self.good = self.bad = 0
        self.reasons: set[str] = set()

    async def run(self) -> None:
        while True:
            began = time.monotonic()
            try:
                await self.turn()
                self.good += 1
            except BusUnavailable as error:
                self.bad += 1
                self.reasons.add(str(error))
                await asyncio.sleep(0.01)
            self.slowest = max(self.slowest, time.monotonic() - began)
            async with self.turns:
                self.turns.notify_all()

    async def turn(self) -> None:
        taken = await self.bus.take_over(self.key, self.name)
        if taken is not None:
            self.epochs.append(taken.epoch)
        epoch = taken.epoch if taken else 0
        written = await self.bus.write(self.name, [entry(self.key, epoch)])
        assert not written.lost
        self.epochs.extend(written.epochs.values())
        await self.bus.renew(node(self.name))

    async def until(self, *, good: int = 0, bad: int = 0) -> None:
        """Wait for so many more turns."""
        goal = (self.good + good, self.bad + bad)
        async with self.turns:
            await self.turns.wait_for(lambda: self.good >= goal[0] and self.bad >= goal[1])


async def test_a_server_that_stops_is_told_at_once_and_all_heals_when_it_starts(
    server: Server, table: Table
) -> None:
    buses = [await table.join() for _ in range(2)]
    loads = [Load(buses[n % 2], n) for n in range(LOAD)]
    async with asyncio.timeout(40), asyncio.TaskGroup() as group:
        tasks = [group.create_task(load.run()) for load in loads]
        await asyncio.gather(*(load.until(good=3) for load in loads))
        await asyncio.to_thread(server.stop)
        await asyncio.gather(*(load.until(bad=2) for load in loads))
        await asyncio.to_thread(server.start)
        await asyncio.gather(*(load.until(good=3) for load in loads))
        for task in tasks:
            task.cancel()

    assert max(load.slowest for load in loads) < 3 * QUICK  # of three things in a turn
    for load in loads:
        assert load.epochs == sorted(set(load.epochs))
        assert all(
            "does not answer" in reason or "longer than" in reason for reason in load.reasons
        )
    taken = await buses[0].take_over("call 0", "another")
    assert taken is not None
    assert taken.epoch > max(loads[0].epochs)


async def test_a_server_that_is_not_there_is_told_quickly(server: Server, table: Table) -> None:
    bus = await table.join()
    await bus.renew(node("one"))
    await asyncio.to_thread(server.stop)
    try:
        for asked in (
            lambda: bus.renew(node("one")),
            lambda: bus.leave("one"),
            bus.nodes,
            lambda: bus.write("one", [entry()]),
            lambda: bus.take_over("call", "one"),
            lambda: bus.owner("call"),
            bus.counts,
            lambda: bus.sweep(entry().began),
        ):
            began = time.monotonic()
            with pytest.raises(BusUnavailable):
                await asked()
            assert time.monotonic() - began < QUICK
    finally:
        await asyncio.to_thread(server.start)
    await bus.renew(node("one"))


def processes(server: Server) -> list[int]:
    """All processes of a server."""
    assert isinstance(server, Postgres | Valkey)
    assert server._process is not None
    parent = server._process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [parent, *map(int, children)]


async def test_a_server_that_hangs_is_given_up_within_the_bound(
    server: Server, table: Table
) -> None:
    bus = await table.join()
    epoch = (await bus.write("one", [entry("hangs")])).epochs["hangs"]
    frozen = processes(server)
    for each in frozen:
        os.kill(each, signal.SIGSTOP)
    began = time.monotonic()
    try:
        results = await asyncio.gather(
            *(bus.write("one", [entry("hangs", epoch, text=b"2")]) for _ in range(6)),
            return_exceptions=True,
        )
    finally:
        for each in frozen:
            os.kill(each, signal.SIGCONT)

    assert [type(one) for one in results] == [BusUnavailable] * 6
    assert time.monotonic() - began < QUICK
    written = await bus.write("one", [entry("hangs", epoch, text=b"3")])
    assert written.lost == frozenset()


async def test_a_file_that_somebody_else_keeps_locked_is_given_up_and_heals(
    sqlite_url: str,
) -> None:
    table = InStore(sqlite_url)
    table.patience = PATIENCE
    bus = await table.join()
    await bus.renew(node("one"))
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    results = await asyncio.gather(
        *(bus.write("one", [entry()]) for _ in range(3)), return_exceptions=True
    )
    assert [type(one) for one in results] == [BusUnavailable] * 3
    assert time.monotonic() - began < QUICK
    assert [each.id for each in await bus.nodes()] == ["one"]  # who only looks does not wait
    other.execute("ROLLBACK")
    other.close()

    async with asyncio.timeout(10):
        while True:
            try:
                assert set((await bus.write("one", [entry()])).epochs) == {"call"}
                break
            except BusUnavailable:
                continue
    await table.close()
