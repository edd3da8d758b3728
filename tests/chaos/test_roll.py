"""The workers of one machine are renewed, or one of them dies, under calls that go on."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.chaos.processes import Node, make_project
from tests.chaos.stage import is_long, scenario, tell

LIMIT = 120.0


@pytest.mark.parametrize("workers", [2, pytest.param(4, marks=pytest.mark.long)])
async def test_a_rolling_restart_drops_no_call(tmp_path: Path, workers: int) -> None:
    ledger = make_project(tmp_path)
    node = Node(tmp_path, options=("--workers", str(workers)))
    async with scenario(f"rolling restart of {workers} workers", ledger, node) as calls:
        await node.start_workers(workers)
        await calls.begin(node.url, updates=0.5)
        before = node.workers
        begun = node.send(signal.SIGHUP)
        await node.renewed(before, LIMIT)
        tell(f"all {workers} workers are new after {time.monotonic() - begun:.1f} s")
        verdict = await calls.end(least_back=calls.size.calls // 2)

    assert not node.faults()
    assert {code for story in verdict.stories for code in story.codes} == {1012}
    assert verdict.gap(0.95) <= 1.0 or not is_long()


@pytest.mark.long
async def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    ledger = make_project(tmp_path)
    node = Node(tmp_path, options=("--workers", "2"))
    async with scenario("kill -9 of one of two workers", ledger, node) as calls:
        await node.start_workers(2)
        await calls.begin(node.url, updates=0.2)
        victim = min(node.workers)
        os.kill(victim, signal.SIGKILL)
        calls.crashed(victim, time.monotonic())
        verdict = await calls.end(least_back=1)
        assert victim not in node.workers
        assert len(node.workers) == 2

    assert not node.faults()
    assert verdict.gap(0.95) <= 1.0
