"""What records of calls cost the calls: ``python -m bench.records``.

Two servers, one of which records its calls into SQLite, are loaded with rounds slice by slice in
turn. Printed is the CPU of a round: while the rounds went on, and with all that was done for them
in the second after. ``off again`` is the noise: a second server without records.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import ClientSession, ClientWebSocketResponse, TCPConnector

from app.store import open_store
from bench import contract
from bench.isolation import free_port, run_loop
from bench.load import open_call, turns

NAMES = ("off", "off again", "on")
CALLS = 50
NANO = 1e-9


@dataclass(eq=False)
class Server:
    """A measured server.

    Attributes:
        path, whole: CPU seconds of a round in each slice: while it went on, and with all that came
            of it.
    """

    name: str
    port: int
    process: subprocess.Popen[bytes]
    calls: list[ClientWebSocketResponse] = field(default_factory=list)
    path: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)

    def cpu(self) -> float:
        """Seconds of processor time of all its threads, to the nanosecond."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(one.read_text().split()[0]) for one in threads) * NANO

    async def measure(self, seconds: float, rest: float) -> None:
        """One slice of rounds, and the rest in which they are written."""
        before = self.cpu()
        done = await turns(self.calls, seconds)
        path = self.cpu() - before
        await asyncio.sleep(rest)
        self.path.append(path / done.count)
        self.whole.append((self.cpu() - before) / done.count)


async def serve(name: str, port: int) -> None:
    """Serve, with records or without."""
    ready = lambda _: print("ready", flush=True)  # noqa: E731
    if name != "on":
        await contract.serve(port, on_listening=ready)
        return
    with tempfile.TemporaryDirectory() as folder:
        store = await open_store(f"sqlite:///{folder}/records.db")
        await contract.serve(port, on_listening=ready, store=store)
        await store.close()


def start(name: str) -> Server:
    """Start a server and wait until it listens."""
    port = free_port()
    command = [sys.executable, "-m", "bench.records", "--serve", name, "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    if process.stdout.readline().strip() != b"ready":
        raise SystemExit(f"the server with records {name} did not start")
    return Server(name, port, process)


async def run(servers: list[Server], options: argparse.Namespace) -> None:
    """Measure all of them in turn, in changing order."""
    async with ClientSession(connector=TCPConnector(limit=0)) as client:
        for server in servers:
            url = f"ws://127.0.0.1:{server.port}/agent"
            server.calls = [await open_call(client, url, f"c{n}") for n in range(CALLS)]
            await server.measure(options.seconds, options.rest)  # to warm up
            server.path.clear()
            server.whole.clear()
        for cycle in range(options.cycles):
            print(f"cycle {cycle + 1} of {options.cycles}", file=sys.stderr)
            turn = cycle % len(servers)
            for server in servers[turn:] + servers[:turn]:
                await server.measure(options.seconds, options.rest)
        for server in servers:
            await asyncio.gather(*(ws.close() for ws in server.calls))


def report(servers: list[Server]) -> None:
    """Print what was found: medians, and the ratio to `off` within each cycle."""
    print(f"\n{'records':10} {'CPU µs of a round':>26} {'times off':>20} {'with the writing':>28}")
    for server in servers:
        path = quartiles([one * 1e6 for one in server.path])
        ratio = quartiles([a / b for a, b in zip(server.path, servers[0].path, strict=True)])
        whole = quartiles([a / b for a, b in zip(server.whole, servers[0].whole, strict=True)])
        print(f"{server.name:10} {path:>26} {ratio:>20} {whole:>28}")


def quartiles(values: list[float]) -> str:
    """The median, and between which two values half of all are."""
    if len(values) < 2:
        return f"{values[0]:.3f}"
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


def main() -> None:
    """Parse the options, start the servers, measure, print."""
    parser = argparse.ArgumentParser(prog="bench.records", description=__doc__)
    parser.add_argument("--cycles", type=int, default=22, help="slices of each server")
    parser.add_argument("--seconds", type=float, default=0.5, help="length of a slice")
    parser.add_argument("--rest", type=float, default=1.5, help="seconds for what comes after")
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
        for server in servers:
            server.process.kill()
            server.process.wait()


if __name__ == "__main__":
    main()
