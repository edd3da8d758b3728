"""Make calls by the hundred, so many at a time."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence

from app.sim.one_call import Setup, make_call
from app.sim.result import Plan, Result
from app.sim.scenario import Scenario


def plan(scenarios: Sequence[Scenario], *, calls: int | None, seed: int) -> list[Plan]:
    """The calls of a run: so many in turn, or each scenario as often as it says."""
    if calls is None:
        pairs = [(one, index) for one in scenarios for index in range(one.repeat)]
    else:
        n = len(scenarios)
        pairs = [(scenarios[k % n], k // n) for k in range(calls)]
    return [Plan(one, index, seed_of(seed, one.name, index)) for one, index in pairs]


def seed_of(seed: int, name: str, index: int) -> int:
    """The seed of one call, which does not depend on what other calls are made."""
    text = f"{seed}/{name}/{index}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:6], "big")


async def run_calls(
    plans: Sequence[Plan],
    setup: Setup,
    *,
    concurrency: int,
    began: Callable[[Plan], None],
    ended: Callable[[Result], None],
) -> list[Result]:
    """Make every call, and give the results in the order of the plans.

    Args:
        plans: The calls.
        setup: What they share.
        concurrency: How many are under way at a time.
        began: Told of each call that begins.
        ended: Told of each result as it is there.
    """
    results: dict[int, Result] = {}
    waiting = iter(enumerate(plans))

    async def work() -> None:
        for place, one in waiting:
            began(one)
            results[place] = await make_call(one, setup)
            ended(results[place])

    async with asyncio.TaskGroup() as group:
        for _ in range(min(concurrency, len(plans))):
            group.create_task(work())
    return [results[place] for place in range(len(plans))]
