"""How long a page of calls takes where there are many: ``python -m bench.listing``.

A million calls are put into SQLite and into PostgreSQL, in files of their own, and pages are asked
for by every combination of filters that the API offers: the first page, and one in the middle. The
slowest combinations are printed, and those that say something about the others.
"""

import argparse
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from app.organisation import DEFAULT_ORGANISATION
from app.store import Store, open_store
from app.store.calls import CallFilter, Calls, Place
from bench.isolation import run_loop
from tests.records.seeding import AGENTS, BEGAN, call_row, seed
from tests.services.postgres import postgres

CHUNK = 20_000
TRIES = 3
PAGE = 50
CHOICES: Mapping[str, tuple[Any, ...]] = {
    "agent_id": (AGENTS[0], AGENTS[1]),
    "application": ("/desk", f"/agents/{AGENTS[1]}"),
    "direction": ("inbound", "outbound"),
    "number": ("+16175550100", "+15080000017"),
    "status": ("live", "ended"),
    "end_reason": ("completed", "busy"),
}
"""Values that many calls have, and values that few have or none."""


def combinations(middle: timedelta) -> Iterator[dict[str, Any]]:
    """Every combination of filters, with the newest calls or from the middle on."""
    names = [*CHOICES]
    for values in itertools.product(*((None, *CHOICES[name]) for name in names)):
        chosen = {
            name: value for name, value in zip(names, values, strict=True) if value is not None
        }
        yield chosen
        yield {**chosen, "until": BEGAN + middle}


async def fill(store: Store, count: int) -> None:
    """Put so many calls into the store, two seconds apart."""
    tenant = store.tenant(DEFAULT_ORGANISATION, "bench")
    for start in range(0, count, CHUNK):
        print(f"{start:,} of {count:,} calls", end="\r", file=sys.stderr)
        await seed(tenant, [call_row(number) for number in range(start, min(start + CHUNK, count))])
    if not store.is_sqlite:
        async with store.writing() as connection:  # as its autovacuum would, some time later
            await connection.exec_driver_sql("ANALYZE calls")


async def clock(calls: Calls, wanted: CallFilter, after: Place | None = None) -> float:
    """Milliseconds of a page: the median of some."""
    took = []
    for _ in range(TRIES):
        began = time.perf_counter()
        await calls.list(wanted, limit=PAGE, after=after)
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


async def measure(store: Store, count: int, shown: int) -> None:
    """Time all combinations and print the slowest."""
    calls = store.tenant(DEFAULT_ORGANISATION, "bench").calls
    found = [
        (await clock(calls, CallFilter(**chosen)), chosen)
        for chosen in combinations(timedelta(seconds=count))
    ]
    times = sorted(ms for ms, _ in found)
    quantiles = statistics.quantiles(times, n=100)
    print(f"{len(found)} combinations: median {statistics.median(times):.1f} ms, ", end="")
    print(f"p95 {quantiles[94]:.1f} ms, p99 {quantiles[98]:.1f} ms, slowest {times[-1]:.1f} ms")
    for ms, chosen in sorted(found, key=lambda one: -one[0])[:shown]:
        print(f"{ms:8.1f} ms  {words(chosen)}")
    typical: tuple[dict[str, Any], ...] = (
        *({}, {"agent_id": AGENTS[1]}, {"application": "/desk"}, {"direction": "outbound"}),
        *({"number": "+15080000017"}, {"end_reason": "busy"}, {"status": "live"}),
    )
    for chosen in typical:
        ms = await clock(calls, CallFilter(**chosen))
        print(f"{ms:8.1f} ms  {words(chosen) or 'no filter'}")


def words(chosen: Mapping[str, Any]) -> str:
    """A combination as one would write it."""
    return " ".join(f"{name}={value}" for name, value in chosen.items())


@asynccontextmanager
async def opened(engine: str) -> AsyncIterator[Store]:
    """A new store."""
    if engine == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            store = await open_store(f"sqlite:///{folder}/calls.db")
            yield store
            await store.close()
        return
    with postgres() as server:
        store = await open_store(server.url())
        yield store
        await store.close()


async def run(options: argparse.Namespace) -> None:
    """Fill and measure each engine."""
    for engine in options.engines.split(","):
        async with opened(engine) as store:
            began = time.perf_counter()
            await fill(store, options.calls)
            seconds = time.perf_counter() - began
            print(f"\n{engine}: {options.calls:,} calls, filled in {seconds:.0f} s")
            await measure(store, options.calls, options.shown)


def main() -> None:
    """Parse the options and measure."""
    parser = argparse.ArgumentParser(prog="bench.listing", description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000, help="how many calls there are")
    parser.add_argument("--engines", default="sqlite,postgresql", help="which, with commas")
    parser.add_argument("--shown", type=int, default=8, help="how many of the slowest are shown")
    run_loop(run(parser.parse_args()))


if __name__ == "__main__":
    main()
