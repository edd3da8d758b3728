"""A node of two is told to end, under calls that go on."""

import signal
import time
from pathlib import Path

from tests.chaos.cluster import cluster
from tests.chaos.stage import is_long, tell

BOUND = 30.0


async def test_a_node_that_ends_gives_its_calls_away(tmp_path: Path, postgres_url: str) -> None:
    settings = {"database_url": postgres_url}
    async with cluster("SIGTERM of one of two nodes", tmp_path, settings) as nodes:
        begun = nodes.a.send(signal.SIGTERM)
        code = await nodes.a.exit_code(BOUND)
        tell(f"it ended after {time.monotonic() - begun:.1f} s")
        verdict = await nodes.calls.end(least_back=nodes.calls.size.calls // 3)

    assert code == 0
    assert not nodes.a.faults()
    assert not nodes.b.faults()
    assert {code for story in verdict.stories for code in story.codes} == {1012}
    assert verdict.gap(0.95) <= 1.0 or not is_long()
