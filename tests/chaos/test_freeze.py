"""A node stops for longer than its lease, as a machine that swaps, and then goes on."""

import asyncio
import time
from pathlib import Path

from tests.chaos.cluster import cluster
from tests.chaos.stage import is_long, tell
from tests.chaos.verdict import read_ledger


async def test_no_call_is_answered_by_two_nodes(tmp_path: Path, bus: dict[str, str]) -> None:
    lease = 15.0 if is_long() else 2.0
    settings = {**bus, "node_lease": str(lease)}
    async with cluster("SIGSTOP of one of two nodes", tmp_path, settings) as nodes:
        stopped = nodes.a.freeze()
        await nodes.balancer.noticed(nodes.a)
        nodes.balancer.abandon(nodes.a)
        nodes.calls.deaf(stopped, time.monotonic())
        await nodes.calls.crowd.until(lambda now: now.back > 0 and not now.away)
        await asyncio.sleep(max(0.0, stopped + lease + 1 - time.monotonic()))
        woken = nodes.a.wake()
        tell(f"woken after {woken - stopped:.1f} s")
        verdict = await nodes.calls.end(least_back=nodes.calls.size.calls // 3)

    moved = {
        one.call_sid for one in verdict.stories if any(stopped < at < woken for at in one.back)
    }
    booked = [
        line
        for line in read_ledger(nodes.calls.ledger)
        if line.pid == nodes.a.pid and line.at > woken and line.what == "book"
    ]
    again = {one.call_sid for one in verdict.stories if len(one.lost) > 1}
    assert moved
    assert not [line for line in booked if line.call_sid in moved - again]
    assert not nodes.a.faults()
    assert not nodes.b.faults()
