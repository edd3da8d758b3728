"""The servers on which the nodes rely are stopped and started again, under calls that go on."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.cluster import NO_SUCH_CALL, Cluster, cluster
from tests.chaos.processes import Node
from tests.chaos.stage import tell
from tests.services.postgres import Postgres, postgres
from tests.services.valkey import Valkey, valkey

HEALS_WITHIN = 30.0
NEW_CALLS = 6


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A PostgreSQL that nobody else needs."""
    with postgres() as server:
        yield server


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A Valkey that nobody else needs."""
    folder = tmp_path / "valkey"
    folder.mkdir()
    with valkey(folder) as server:
        yield server


async def test_calls_go_on_while_postgresql_is_away(tmp_path: Path, own_postgres: Postgres) -> None:
    settings = {"database_url": own_postgres.url()}
    async with cluster("PostgreSQL stopped and started", tmp_path, settings) as nodes:
        await outlast(nodes, own_postgres)


@pytest.mark.long
async def test_calls_go_on_while_valkey_is_away(
    tmp_path: Path, postgres_url: str, own_valkey: Valkey
) -> None:
    settings = {"database_url": postgres_url, "bus_url": own_valkey.url}
    async with cluster("Valkey stopped and started", tmp_path, settings) as nodes:
        await outlast(nodes, own_valkey)


async def outlast(nodes: Cluster, server: Postgres | Valkey) -> None:
    """Stop a server for a while; then let a node die, which shows that all is kept again."""
    calls = nodes.calls
    await asyncio.to_thread(server.stop)
    stopped = time.monotonic()
    await calls.crowd.go_on(calls.size.rounds)
    await calls.crowd.call(nodes.balancer.url, NEW_CALLS)
    assert await ask_both(nodes) == {503}, "who cannot know whether there is a call says so"
    standing = await calls.crowd.standing()
    assert not standing.away
    assert not standing.back
    tell(f"calls went on, and new ones came, for {time.monotonic() - stopped:.1f} s")

    await asyncio.to_thread(server.start)
    started = time.monotonic()
    while await ask_both(nodes) != {404} or not (has_healed(nodes.a) and has_healed(nodes.b)):
        assert time.monotonic() < started + HEALS_WITHIN
        await asyncio.sleep(0.1)
    tell(f"it healed within {time.monotonic() - started:.1f} s")
    await calls.crowd.go_on(calls.size.rounds)
    calls.crashed(nodes.a.pid, nodes.a.kill())
    await calls.end(least_back=1)
    assert not nodes.b.faults()


def has_healed(node: Node) -> bool:
    """Whether it has found that what was away is back."""
    return len(node.lines("bus_back")) == len(node.lines("bus_away"))


async def ask_both(nodes: Cluster) -> set[int]:
    """What they say of a call that there is not."""
    return {await nodes.ask(node, NO_SUCH_CALL) for node in (nodes.a, nodes.b)}
