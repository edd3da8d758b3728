"""Two nodes that share a store, and perhaps a bus, behind a balancer."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.chaos.balancer import Balancer, balancing
from tests.chaos.processes import KEY, Node, make_project
from tests.chaos.stage import Scenario, scenario

NO_SUCH_CALL = "/v1/calls/ffffffff-ffff-4fff-8fff-ffffffffffff"


@dataclass
class Cluster:
    """Nodes `a` and `b`, the balancer before them, and the calls."""

    a: Node
    b: Node
    balancer: Balancer
    calls: Scenario

    async def ask(self, node: Node, path: str) -> int:
        """What a node answers to a GET of its REST API: the status, 0 where it does not answer."""
        limit = aiohttp.ClientTimeout(total=10)
        headers = {"Authorization": f"Bearer {KEY}"}
        async with aiohttp.ClientSession(node.url, headers=headers, timeout=limit) as client:
            try:
                async with client.get(path) as answer:
                    return answer.status
            except (aiohttp.ClientError, TimeoutError):
                return 0


@asynccontextmanager
async def cluster(name: str, folder: Path, settings: Mapping[str, str]) -> AsyncIterator[Cluster]:
    """Two nodes for a while, with calls on both that talk."""
    ledger = make_project(folder)
    a, b = (Node(folder, one, settings) for one in ("a", "b"))
    async with scenario(name, ledger, a, b) as calls:
        await asyncio.gather(a.start(), b.start())
        async with balancing(a, b) as balancer:
            await calls.begin(balancer.url, updates=0.2)
            yield Cluster(a, b, balancer, calls)
