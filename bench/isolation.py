"""What a call pays for another call's tools: ``python -m bench.isolation``.

Twenty calls ask for a quick tool at a steady pace while, slice by slice in turn, nothing else
happens, other calls run sync tools that sleep for 2 s, and other calls' tools raise 20 times a
second. Printed are medians of the slices' p50 and p99 with their quartiles, and the ratio to the
slice without anything of the same cycle. ``alone again`` is the noise: the same as ``alone``.
"""

import argparse
import asyncio
import itertools
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from typing import TypeVar

import orjson
from aiohttp import ClientSession, ClientWebSocketResponse, TCPConnector

from app import Agent, Application, Session, logs, server, stalls, tool
from app.session.runtime import MAX_THREADS
from app.settings import Settings
from bench.load import Slice, open_call

T = TypeVar("T")

MEASURED = 20
PACE = 0.02
RAISING = 4
SLEEP = 2.0
NUMBERS = itertools.count()


@tool
async def quick(city: str) -> dict[str, object]:
    """Answer at once.

    Args:
        city: Name of a city.
    """
    return {"city": city, "temp_c": 11}


@tool(timeout=10)
def sleeps(city: str) -> str:
    """Sleep, as a blocking client of a slow service does."""
    time.sleep(SLEEP)
    return city


@tool
async def raises(city: str) -> str:
    """Fail, some calls down."""
    return look_up({"cities": {}}, city)


def look_up(record: dict[str, dict[str, str]], city: str) -> str:
    """Fail as most code does: something is not there."""
    return record["cities"][city]


application = Application("/isolation")


@application.session_new
async def answer(session: Session) -> Agent:
    """Answer with the same agent every time."""
    return AGENT


AGENT = Agent(
    llm="openai:gpt-4.1-mini",
    stt="deepgram:nova-3-general",
    tts="cartesia:sonic-english",
    instructions="You are a friendly weather assistant.",
    tools=[quick, sleeps, raises],
)


async def serve(port: int) -> None:
    """Serve as ``cordboard serve`` does, with validation, logs and metrics."""
    settings = Settings(port=port, log_level="info", log_format="json", allow_anonymous=True)
    logs.configure(settings)
    ready: Callable[[int], object] = lambda _: print("ready", flush=True)  # noqa: E731
    await server.run(settings, [application], on_listening=ready, parts=[stalls.setup])


async def ask(ws: ClientWebSocketResponse, name: str) -> float:
    """One tool call; the seconds until its output."""
    call_id = f"t{next(NUMBERS)}"
    data = {"tool_call_id": call_id, "name": name, "arguments": {"city": "Portland"}}
    frame = {"type": "agent:tool-call", "msgid": call_id, "hook": "/tools", "data": data}
    began = time.perf_counter()
    await ws.send_bytes(orjson.dumps(frame))
    output = orjson.loads((await ws.receive()).data)
    if output.get("tool_call_id") != call_id:
        raise RuntimeError(f"wrong output: {output}")
    return time.perf_counter() - began


async def repeat(ws: ClientWebSocketResponse, name: str, pace: float, until: float) -> list[float]:
    """Ask again and again, one at a time, at about this pace."""
    waits: list[float] = []
    await asyncio.sleep(random.uniform(0, pace))  # noqa: S311  no secret
    while time.perf_counter() < until:
        waits.append(await ask(ws, name))
        await asyncio.sleep(random.uniform(0.5, 1.5) * pace)  # noqa: S311
    return waits


class Load:
    """The calls, and what each phase does with those that are not measured."""

    def __init__(self, calls: list[ClientWebSocketResponse], seconds: float) -> None:
        self.measured, self.others = calls[:MEASURED], calls[MEASURED:]
        self.seconds = seconds

    def disturb(self, phase: str, until: float) -> list[Coroutine[None, None, object]]:
        """What goes on beside."""
        if phase == "sleeping":
            return [repeat(ws, "sleeps", 0.0, until) for ws in self.others]
        if phase == "raising":
            pace = RAISING / 20
            return [repeat(ws, "raises", pace, until) for ws in self.others[:RAISING]]
        return []

    async def slice(self, phase: str) -> Slice:
        """Measure for some seconds; what goes on beside ends before the next slice."""
        until = time.perf_counter() + self.seconds
        disturbing = asyncio.gather(*self.disturb(phase, until))
        found = await asyncio.gather(*(repeat(ws, "quick", PACE, until) for ws in self.measured))
        await disturbing
        waits = sorted(itertools.chain(*found))
        return Slice(len(waits), self.seconds, waits)


PHASES = ("alone", "sleeping", "raising", "alone again")


async def run(port: int, cycles: int, seconds: float) -> dict[str, list[Slice]]:
    """Open the calls and measure all phases in turn."""
    url = f"ws://127.0.0.1:{port}/isolation"
    found: dict[str, list[Slice]] = {phase: [] for phase in PHASES}
    async with ClientSession(connector=TCPConnector(limit=0)) as client:
        count = MEASURED + MAX_THREADS
        load = Load([await open_call(client, url, f"c{n}") for n in range(count)], seconds)
        for cycle in range(cycles):
            print(f"cycle {cycle + 1} of {cycles}", file=sys.stderr)
            turn = cycle % len(PHASES)
            for phase in PHASES[turn:] + PHASES[:turn]:
                found[phase].append(await load.slice(phase))
        await asyncio.gather(*(ws.close() for ws in (*load.measured, *load.others)))
    return found


def quartiles(values: list[float]) -> str:
    """The median, and between which two values half of all are."""
    if len(values) < 2:
        return f"{values[0]:6.2f}"
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:6.2f} ({low:.2f}–{high:.2f})"


def report(found: dict[str, list[Slice]]) -> None:
    """Print what was found."""
    print(f"\n{'':12} {'p50 ms':>20} {'p99 ms':>20} {'p99, times that alone':>24}")
    for phase, slices in found.items():
        p50 = quartiles([one.wait_ms(0.5) for one in slices])
        p99 = quartiles([one.wait_ms(0.99) for one in slices])
        pairs = zip(slices, found["alone"], strict=True)
        ratio = quartiles([one.wait_ms(0.99) / alone.wait_ms(0.99) for one, alone in pairs])
        print(f"{phase:12} {p50:>20} {p99:>20} {ratio:>24}")


def main() -> None:
    """Parse the options, start the server, measure, print."""
    parser = argparse.ArgumentParser(prog="bench.isolation", description=__doc__)
    parser.add_argument("--cycles", type=int, default=20, help="slices of each phase")
    parser.add_argument("--seconds", type=float, default=SLEEP, help="length of a slice")
    parser.add_argument("--serve", type=int, default=0, help="serve on this port, and no more")
    options = parser.parse_args()
    if options.serve:
        run_loop(serve(options.serve))
        return
    port = free_port()
    command = [sys.executable, "-m", "bench.isolation", "--serve", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            if process.stdout.readline().strip() != b"ready":
                raise SystemExit("the server did not start")
            report(run_loop(run(port, options.cycles, options.seconds)))
        finally:
            process.kill()


def run_loop(work: Coroutine[None, None, T]) -> T:
    """Run on uvloop where there is one."""
    try:
        import uvloop

        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    except ImportError:
        runner = asyncio.Runner()
    with runner:
        return runner.run(work)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
