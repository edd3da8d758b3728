"""A node says that it lives, for as long as it does."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry

from app.bus import BusUnavailable, Entry, MemoryBus, Node
from app.checkpoint import Counting, Membership, Reach
from app.peers import ThisNode


def member(bus: MemoryBus, lease: float = 15.0) -> Membership:
    return Membership(
        bus,
        ThisNode("one", "http://127.0.0.1:3100"),
        lease=lease,
        calls=lambda: 7,
        is_draining=lambda: False,
        reach=Reach(Counting(CollectorRegistry())),
    )


async def test_a_node_is_there_while_it_says_so_and_gone_when_it_leaves() -> None:
    bus = MemoryBus()
    membership = member(bus)

    await membership.renew()

    (node,) = await bus.nodes()
    assert (node.id, node.address, node.calls) == ("one", "http://127.0.0.1:3100", 7)
    await membership.leave()
    assert await bus.nodes() == []


async def test_a_lease_is_renewed_before_it_runs_out_also_after_the_bus_was_away() -> None:
    heard = asyncio.Queue[bool]()

    class Patchy(MemoryBus):
        times = 0

        async def renew(self, node: Node) -> None:
            self.times += 1
            heard.put_nowait(True)
            if self.times < 3:
                raise BusUnavailable("away")
            await super().renew(node)

    bus = Patchy()
    keeping = asyncio.create_task(member(bus, lease=0.03).keep())
    async with asyncio.timeout(5):
        for _ in range(5):
            await heard.get()
    keeping.cancel()

    assert [node.id for node in await bus.nodes()] == ["one"]


async def test_what_goes_wrong_once_does_not_end_the_lease_for_good() -> None:
    heard = asyncio.Queue[bool]()

    class Wrong(MemoryBus):
        times = 0

        async def renew(self, node: Node) -> None:
            self.times += 1
            heard.put_nowait(True)
            if self.times == 1:
                raise ValueError("not what anybody expected")
            await super().renew(node)

    bus = Wrong()
    keeping = asyncio.create_task(member(bus, lease=0.03).keep())
    async with asyncio.timeout(5):
        for _ in range(3):
            await heard.get()
    keeping.cancel()

    assert [node.id for node in await bus.nodes()] == ["one"]


async def test_calls_that_nobody_came_back_for_are_forgotten() -> None:
    bus = MemoryBus()
    long_ago = datetime.now(UTC) - timedelta(hours=2)
    await bus.write("gone", [Entry("call", "org", "call", "/a", long_ago, 0, b"1")])

    await member(bus)._sweep()

    assert await bus.owner("call") is None


def test_a_node_has_a_name_that_no_other_had() -> None:
    names = {ThisNode().id for _ in range(50)}

    assert len(names) == 50
    assert all(re.fullmatch(r"[\w-]+-\d+-[0-9a-f]{8}", name) for name in names)
