"""Tools that block or fail in some calls: the others are answered as quickly as ever.

``python -m bench.isolation`` measures the same for longer, against a process of its own.
"""

import asyncio
import itertools
import statistics
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from app import tool
from app.session.runtime import MAX_THREADS
from tests.server.conftest import Server, Start, agent_application, ping
from tests.server.jambonz import Jambonz

MEASURED, ROUNDS, SLICES = 10, 20, 6
RAISING_EVERY = 0.05
# A tenth, and what the scheduler of a busy machine may add to anybody's wait.
MORE, GRAIN = 1.1, 0.005

gate = threading.Event()
begun = threading.Semaphore(0)

Disturb = Callable[[list[Jambonz]], AbstractAsyncContextManager[None]]


@tool(timeout=30)
def block() -> str:
    """Block a thread, as a client of a slow service does."""
    begun.release()
    assert gate.wait(30)
    return "done"


@tool
async def fail() -> str:
    """Fail."""
    raise ZeroDivisionError


async def p99(calls: list[Jambonz]) -> float:
    """What all but one in a hundred round trips of a quick tool stay below."""

    async def talk(call: Jambonz) -> list[float]:
        waits = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            assert await call.tool_call("ping") == {"result": "pong"}
            waits.append(time.perf_counter() - began)
        return waits

    waits = sorted(itertools.chain(*await asyncio.gather(*map(talk, calls))))
    return waits[int(len(waits) * 0.99)]


@asynccontextmanager
async def blocked(others: list[Jambonz]) -> AsyncIterator[None]:
    """Every thread that there is for tools is busy."""
    gate.clear()
    asked = [await call.ask_tool("block") for call in others]
    for _ in others:
        assert await asyncio.to_thread(begun.acquire, timeout=5)
    yield
    gate.set()
    for call, call_id in zip(others, asked, strict=True):
        assert await call.output(call_id) == {"result": "done"}


@asynccontextmanager
async def failing(others: list[Jambonz]) -> AsyncIterator[None]:
    """Some tool fails every now and then."""

    async def fail_again() -> None:
        for call in itertools.cycle(others):
            assert "error" in await call.tool_call("fail")
            await asyncio.sleep(RAISING_EVERY)

    task = asyncio.create_task(fail_again())
    yield
    task.cancel()
    await asyncio.wait([task])


async def compare(server: Server, disturb: Disturb) -> None:
    """Measure with and without, in turn, so that whatever slows the machine slows both."""
    calls = [await server.call() for _ in range(MEASURED)]
    others = [await server.call() for _ in range(MAX_THREADS)]
    await p99(calls)
    alone, beside = [], []
    for _ in range(SLICES):
        alone.append(await p99(calls))
        async with disturb(others):
            beside.append(await p99(calls))

    usual = max(statistics.median(alone), statistics.quantiles(alone, n=4)[2])
    assert statistics.median(beside) <= MORE * usual + GRAIN, (alone, beside)


async def test_tools_that_block_every_thread_cost_other_calls_nothing(start: Start) -> None:
    await compare(await start(agent_application(tools=[ping, block])), blocked)


async def test_tools_that_fail_cost_other_calls_nothing(start: Start) -> None:
    await compare(await start(agent_application(tools=[ping, fail])), failing)
