"""A node stops for longer than its lease, as a machine that swaps, and then goes on."""

import asyncio
import time
from pathlib import Path

import pytest

from app.bus import LEASE_SECONDS
from tests.chaos.cluster import cluster
from tests.chaos.stage import tell
from tests.chaos.verdict import STARTS, read_ledger


@pytest.mark.long
async def test_no_call_is_answered_by_two_nodes(tmp_path: Path, bus: dict[str, str]) -> None:
    async with cluster("SIGSTOP of one of two nodes", tmp_path, bus) as nodes:
        stopped = nodes.a.freeze()
        nodes.balancer.abandon(nodes.a)
        nodes.calls.crashed(stopped, time.monotonic())
        await nodes.calls.crowd.until(lambda now: now.back > 0 and not now.away)
        await asyncio.sleep(max(0.0, stopped + LEASE_SECONDS + 2 - time.monotonic()))
        woken = nodes.a.wake()
        tell(f"woken after {woken - stopped:.1f} s")
        verdict = await nodes.calls.end(least_back=nodes.calls.size.calls // 3)

    moved = {
        one.call_sid for one in verdict.stories if any(stopped < at < woken for at in one.back)
    }
    started = [
        line
        for line in read_ledger(nodes.calls.ledger)
        if line.pid == nodes.a.pid and line.at > woken and line.what in STARTS
    ]
    again = {one.call_sid for one in verdict.stories if len(one.lost) > 1}
    assert moved
    assert not [line for line in started if line.call_sid in moved - again]
    assert not nodes.a.faults()
    assert not nodes.b.faults()
