"""A process is killed under calls that go on: they go on where they were."""

from pathlib import Path

import pytest

from tests.chaos.cluster import cluster
from tests.chaos.processes import Node, make_project
from tests.chaos.stage import is_long, scenario


async def test_calls_outlive_the_only_process(tmp_path: Path) -> None:
    ledger = make_project(tmp_path)
    node = Node(tmp_path)
    async with scenario("kill -9 of the only process", ledger, node) as calls:
        await node.start()
        await calls.begin(node.url, updates=0.2)
        calls.crashed(node.pid, node.kill())
        await node.start()
        verdict = await calls.end(least_back=calls.size.calls)

    assert not node.faults()
    assert verdict.gap(0.95) <= 4.0 or not is_long()


@pytest.mark.long
async def test_calls_go_on_at_another_node(tmp_path: Path, bus: dict[str, str]) -> None:
    async with cluster("kill -9 of one of two nodes", tmp_path, bus) as nodes:
        nodes.calls.crashed(nodes.a.pid, nodes.a.kill())
        verdict = await nodes.calls.end(least_back=nodes.calls.size.calls // 3)

    assert not nodes.b.faults()
    assert verdict.gap(0.95) <= 1.0 or not is_long()
