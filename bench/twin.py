"""How many calls the twin lives through: ``python -m bench.twin [--calls 1000] [--turns 20]``.

Each call talks to the weather agent, on a virtual clock of its own, over a real socket: every turn
has one tool call. With ``--here`` the server shares the process and the event loop, otherwise it is
a process of its own. With ``--repeat`` the whole is done again, and must leave the same traces.
"""

import argparse
import asyncio
import hashlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp

from app.twin import Pace, Twin

CITIES = ("Portland", "Berlin", "Lisbon", "London", "Nairobi", "Paris", "Sydney", "Tokyo")
AT_ONCE = 100
"""Calls at once; more do not go faster, since one core plays them all."""


async def one_call(url: str, seed: int, turns: int, is_idle: Callable[[str], bool] | None) -> str:
    """Live through one call and return the fingerprint of its trace."""
    async with Twin(
        url, clock="virtual", seed=seed, is_idle=is_idle, pace=Pace(handshake=10, patience=60)
    ) as twin:
        call = await twin.call("/weather")
        for turn in range(turns):
            answer = await call.say(f"What is the weather in {CITIES[(seed + turn) % 8]}?")
            assert CITIES[(seed + turn) % 8] in answer, answer
        await call.hangup()
        return call.trace_hash()


async def all_calls(
    url: str, calls: int, turns: int, is_idle: Callable[[str], bool] | None
) -> tuple[float, float, str]:
    """Live through all calls; seconds, seconds of the processor, and the hash of all traces."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def gated(seed: int) -> str:
        async with gate:
            return await one_call(url, seed, turns, is_idle)

    began, cpu = time.perf_counter(), time.process_time()
    traces = await asyncio.gather(*(gated(seed) for seed in range(calls)))
    together = hashlib.sha256("".join(traces).encode()).hexdigest()[:16]
    return time.perf_counter() - began, time.process_time() - cpu, together


@asynccontextmanager
async def elsewhere() -> AsyncIterator[str]:
    """Serve the worked applications in another process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(  # noqa: ASYNC220  (nothing else runs yet)
        [sys.executable, "-m", "app", "serve"],
        env={**os.environ, "CORDBOARD_PORT": str(port), "CORDBOARD_LOG_FORMAT": "json"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with aiohttp.ClientSession() as http:
            await _ready(http, url)
        yield url
    finally:
        process.terminate()
        process.wait(10)


async def _ready(http: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                async with http.get(f"{url}/readyz") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)


@asynccontextmanager
async def here() -> AsyncIterator[tuple[str, Callable[[str], bool]]]:
    """Serve the weather agent in this process."""
    from pydantic import SecretStr

    from app.logs import configure
    from app.settings import Settings
    from app.testing import serving
    from handlers.weather import weather

    settings = Settings(port=0, api_keys=(SecretStr("key"),), log_level="error")
    configure(settings)
    async with serving([weather], settings) as server:
        yield server.url, server.calls.is_at_rest


async def measure(arguments: argparse.Namespace) -> None:
    """Do it as often as asked, and say how long it took."""
    from app.server import settle_collector

    settle_collector()  # as a server and `cordboard sim` do
    for _ in range(arguments.repeat):
        if arguments.here:
            async with here() as (url, is_idle):
                took = await all_calls(url, arguments.calls, arguments.turns, is_idle)
        else:
            async with elsewhere() as url:
                took = await all_calls(url, arguments.calls, arguments.turns, None)
        seconds, cpu, trace = took
        turns = arguments.calls * arguments.turns
        each = 1e6 * seconds / turns
        print(
            f"{arguments.calls} calls x {arguments.turns} turns: {seconds:.1f} s"
            f" ({cpu:.1f} s of this process, {each:.0f} us a turn), traces {trace}"
        )


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--here", action="store_true", help="with the server in this process")
    arguments = parser.parse_args()
    try:
        import uvloop

        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    except ImportError:
        runner = asyncio.Runner()
    with runner:
        runner.run(measure(arguments))


if __name__ == "__main__":
    main()
