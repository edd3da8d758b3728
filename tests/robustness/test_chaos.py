"""Cuts, copies, delays and another order: whatever the network does, the core keeps its promises.

Each run is one call whose seed decides everything. A red run names its seed; that one alone is
``pytest tests/robustness/test_chaos.py --seed 17``. ``make chaos`` has thousands.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest
import pytest_asyncio

from app import logs
from app.settings import Settings
from app.testing import Cordboard, serving
from tests.logging_state import logging_as_before  # noqa: F401
from tests.robustness import lengths
from tests.robustness.census import name_of
from tests.robustness.seeded import WITNESSES, Run, make_application
from tests.robustness.verdict import faults

BATCHES = 8
LINGER = 2.0  # of a call whose caller hung up while there was no socket
LIMIT = LINGER + 5.0


@pytest_asyncio.fixture
async def server(logging_as_before: None) -> AsyncIterator[Cordboard]:  # noqa: F811
    logs.configure(Settings(log_level="error"))
    async with serving([make_application()], Settings(port=0, session_linger=LINGER)) as server:
        yield server


@pytest.fixture(params=range(BATCHES))
def seeds(request: pytest.FixtureRequest) -> Iterable[int]:
    one: int | None = request.config.getoption("--seed")
    if one is not None:
        return [one] if request.param == 0 else []
    count = lengths.choose(25, 500)
    return range(request.param * count, (request.param + 1) * count)


async def test_the_core_keeps_its_promises(seeds: Iterable[int], server: Cordboard) -> None:
    tasks = names_of_tasks(server)
    for seed in seeds:
        run = Run(seed, server)
        try:
            await run.live()
            wrong = faults(run, WITNESSES.pop(run.call.call_sid))
        except Exception as error:
            error.add_note(f"--seed {seed}")
            raise
        log = "\n".join(map(str, run.call.log))
        assert wrong == [], f"--seed {seed}\n{log}"
    await until_nothing_is_left(server, tasks)


def names_of_tasks(server: Cordboard) -> list[str]:
    spare = {one.task for one in server.calls.runtime.starter._spare}
    return sorted(name_of(one) for one in asyncio.all_tasks() if one not in spare)


async def until_nothing_is_left(server: Cordboard, tasks: list[str]) -> None:
    """Wait until all is as before."""
    deadline = asyncio.get_running_loop().time() + LIMIT  # a timeout would be a task's, too
    while [*server.calls] or names_of_tasks(server) != tasks:
        late = asyncio.get_running_loop().time() > deadline
        assert not late, (
            f"left: {[*server.calls]}; tasks: {names_of_tasks(server)}, before: {tasks}"
        )
        await asyncio.sleep(0.01)  # nobody tells
