"""What checkpoints cost the calls: ``python -m bench.checkpoints``.

Two servers, one of which keeps checkpoints of its calls in SQLite, are loaded with rounds slice by
slice in turn: back to back, then at the pace of real calls, then with a tool that runs once, whose
start and whose result are durable before they count. Printed is the CPU of a round, of all threads
of the process and with all that is written for it. ``off again`` is the noise: a second server
without checkpoints.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from aiohttp import ClientSession, ClientWebSocketResponse, TCPConnector

from app import Agent, Application, Session, logs, server, stalls, tool
from app.settings import Settings
from app.store import open_store
from bench.contract import INSTRUCTIONS, State, count, get_weather
from bench.isolation import free_port, run_loop
from bench.load import Slice, open_call, paced, turns
from bench.records import quartiles

NAMES = ("off", "off again", "on")
NANO = 1e-9
BUSY = 50
"""Calls whose rounds follow back to back."""

desk = Application("/agent", state=State)


@tool(once=True)
async def book(session: Session[State], city: str, day: int) -> dict[str, object]:
    """Book a table, which must not happen twice.

    Args:
        session: The call.
        city: Name of the city.
        day: Number of the day.
    """
    return {"city": city, "day": day, "turns": session.state.turns}


AGENT = Agent(
    llm="openai:gpt-4.1-mini",
    stt="deepgram:nova-3-general",
    tts="cartesia:sonic-english",
    instructions=INSTRUCTIONS,
    tools=[get_weather, book],
    event_hooks=[count],
)


@desk.session_new
async def answer(session: Session[State]) -> Agent:
    """Answer with the same agent every time."""
    return AGENT


@dataclass(frozen=True)
class Load:
    """One kind of slice: how many of the calls take part, in what, and for how long."""

    name: str
    run: Callable[[list[ClientWebSocketResponse], float], Awaitable[Slice]]
    calls: int
    seconds: float


LOADS = (
    Load("back to back", turns, BUSY, 0.5),
    Load("each call once a second", partial(paced, pace=1.0), 1000, 1.0),
    Load("with a tool that runs once", partial(paced, pace=0.5, tool="book"), 200, 0.5),
)


@dataclass(eq=False)
class Server:
    """A measured server.

    Attributes:
        rounds: CPU seconds of a round in each slice, by load.
        waits: Milliseconds until the output of a tool, at the median and p99 of each slice.
    """

    name: str
    port: int
    process: subprocess.Popen[bytes]
    calls: list[ClientWebSocketResponse] = field(default_factory=list)
    rounds: dict[str, list[float]] = field(default_factory=dict)
    waits: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def cpu(self) -> float:
        """Seconds of processor time of all its threads, to the nanosecond."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(one.read_text().split()[0]) for one in threads) * NANO

    async def measure(self, load: Load, rest: float) -> None:
        """One slice of rounds, and the rest in which what they changed is written."""
        before = self.cpu()
        done = await load.run(self.calls[: load.calls], load.seconds)
        await asyncio.sleep(rest)
        self.rounds.setdefault(load.name, []).append((self.cpu() - before) / done.count)
        self.waits.setdefault(load.name, []).append((done.wait_ms(0.5), done.wait_ms(0.99)))


async def serve(name: str, port: int) -> None:
    """Serve as ``cordboard serve`` does, with checkpoints or without; no records."""
    settings = Settings(
        port=port,
        log_level="info",
        log_format="json",
        allow_anonymous=True,
        records=False,
        ping_interval=300,  # who plays jambonz here answers none
        checkpoints=name == "on",
    )
    logs.configure(settings)
    ready: Callable[[int], object] = lambda _: print("ready", flush=True)  # noqa: E731
    with tempfile.TemporaryDirectory() as folder:
        store = await open_store(f"sqlite:///{folder}/calls.db")
        await server.run(settings, [desk], on_listening=ready, store=store, parts=[stalls.setup])
        await store.close()


def start(name: str) -> Server:
    """Start a server and wait until it listens."""
    port = free_port()
    command = [sys.executable, "-m", "bench.checkpoints", "--serve", name, "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    while (line := process.stdout.readline()) and line.strip() != b"ready":
        pass
    if not line:
        raise SystemExit(f"the server with checkpoints {name} did not start")
    return Server(name, port, process)


async def run(servers: list[Server], options: argparse.Namespace) -> None:
    """Measure all of them in turn, in changing order."""
    most = max(load.calls for load in LOADS)
    async with ClientSession(connector=TCPConnector(limit=0)) as client:
        for one in servers:
            url = f"ws://127.0.0.1:{one.port}/agent"
            one.calls = [await open_call(client, url, f"c{n}") for n in range(most)]
            for load in LOADS:
                await one.measure(load, options.rest)  # to warm up
            one.rounds.clear()
            one.waits.clear()
        for cycle in range(options.cycles):
            print(f"cycle {cycle + 1} of {options.cycles}", file=sys.stderr)
            turn = cycle % len(servers)
            for load in LOADS:
                for one in servers[turn:] + servers[:turn]:
                    await one.measure(load, options.rest)
        for one in servers:
            await asyncio.gather(*(ws.close() for ws in one.calls))


def report(servers: list[Server]) -> None:
    """Print what was found: medians, and the ratio to `off` within each cycle."""
    for load in LOADS:
        print(f"\n{load.name}, {load.calls} calls")
        print(f"{'checkpoints':12} {'CPU µs of a round':>24} {'times off':>22}", end="")
        print(f" {'tool p50 ms':>20} {'p99 ms':>20}")
        base = servers[0].rounds[load.name]
        for one in servers:
            own = one.rounds[load.name]
            cpu = quartiles([used * 1e6 for used in own])
            ratio = quartiles([a / b for a, b in zip(own, base, strict=True)])
            p50, p99 = (quartiles([*ms]) for ms in zip(*one.waits[load.name], strict=True))
            print(f"{one.name:12} {cpu:>24} {ratio:>22} {p50:>20} {p99:>20}")


def main() -> None:
    """Parse the options, start the servers, measure, print."""
    parser = argparse.ArgumentParser(prog="bench.checkpoints", description=__doc__)
    parser.add_argument("--cycles", type=int, default=22, help="slices of each server")
    parser.add_argument("--rest", type=float, default=0.3, help="seconds for what comes after")
    parser.add_argument("--serve", default="", help="serve so, and no more")
    parser.add_argument("--port", type=int, default=0, help="where to serve")
    options = parser.parse_args()
    if options.serve:
        run_loop(serve(options.serve, options.port))
        return
    servers = [start(name) for name in NAMES]
    try:
        run_loop(run(servers, options))
        report(servers)
    finally:
        for one in servers:
            one.process.kill()
            one.process.wait()


if __name__ == "__main__":
    main()
