"""Measure Cordboard against the floor: ``make bench``, or ``make bench ARGS="--cycles 3"``."""

import argparse
import asyncio
import os
import socket
import statistics
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import ClientSession, ClientWebSocketResponse, TCPConnector

from bench.load import Slice, open_call, setups, turns

NAMES = ("floor", "cordboard")
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass
class Server:
    """A measured server: its process, its open calls, its slices."""

    name: str
    url: str
    process: subprocess.Popen[str]
    calls: list[ClientWebSocketResponse] = field(default_factory=list)
    results: dict[str, list[tuple[Slice, float]]] = field(default_factory=dict)

    def cpu(self) -> float:
        """Seconds of processor time that the process has used; 0 where that cannot be read."""
        stat = Path(f"/proc/{self.process.pid}/stat")
        if not stat.exists():
            return 0.0
        fields = stat.read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory_kib(self) -> int:
        """Resident memory of the process; 0 where that cannot be read."""
        status = Path(f"/proc/{self.process.pid}/status")
        if not status.exists():
            return 0
        line = next(one for one in status.read_text().splitlines() if one.startswith("VmRSS"))
        return int(line.split()[1])

    async def measure(self, phase: str, load: Callable[[], Awaitable[Slice]]) -> None:
        """Run one slice of load and keep its result with the processor time per item."""
        before = self.cpu()
        result = await load()
        used = (self.cpu() - before) / max(1, result.count)
        self.results.setdefault(phase, []).append((result, used))


def start(name: str) -> Server:
    """Start a server on a free port and wait until it listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "bench.serve", name, str(port)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    if process.stdout.readline().strip() != "ready":
        raise SystemExit(f"{name} did not start")
    return Server(name, f"ws://127.0.0.1:{port}/agent", process)


async def run(servers: list[Server], cycles: int, seconds: float, calls: int, idle: int) -> None:
    """Alternate the slices, so that whatever slows the machine slows both."""
    async with ClientSession(connector=TCPConnector(limit=0)) as client:
        for server in servers:
            server.calls = [await open_call(client, server.url, f"c{n}") for n in range(calls)]
        for cycle in range(cycles):
            print(f"cycle {cycle + 1} of {cycles}", file=sys.stderr)
            for server in servers if cycle % 2 else servers[::-1]:
                await server.measure("turns", lambda s=server: turns(s.calls, seconds))
                await server.measure("setup", lambda s=server: setups(client, s.url, seconds, 16))
        for server in servers:
            before = server.memory_kib()
            kept = [await open_call(client, server.url, f"i{n}") for n in range(idle)]
            await asyncio.sleep(0.5)
            grown = (server.memory_kib() - before) / idle
            print(f"{server.name:10} {grown:6.1f} KiB per idle call ({idle} calls)")
            await asyncio.gather(*(ws.close() for ws in (*kept, *server.calls)))


def report(servers: list[Server]) -> None:
    """Print medians, and ratios taken within each cycle."""
    for phase, item in (("turns", "round"), ("setup", "call")):
        floor = servers[0].results[phase]
        print(f"\n{phase:10} {item + 's/s':>10} {'CPU µs/' + item:>14} {'p50 ms':>8} {'p99 ms':>8}")
        for server in servers:
            own = server.results[phase]
            rate = statistics.median(one.count / one.seconds for one, _ in own)
            cpu = statistics.median(used for _, used in own) * 1e6
            p50 = statistics.median(one.wait_ms(0.5) for one, _ in own)
            p99 = statistics.median(one.wait_ms(0.99) for one, _ in own)
            ratio = statistics.median(
                used / base if base else 0 for (_, used), (_, base) in zip(own, floor, strict=True)
            )
            print(
                f"{server.name:10} {rate:10,.0f} {cpu:14.1f} {p50:8.2f} {p99:8.2f}    {ratio:.2f}×"
            )


def main() -> None:
    """Parse the options, start both servers, measure, print."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--cycles", type=int, default=7, help="slices of each server")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a slice")
    parser.add_argument("--calls", type=int, default=50, help="open calls")
    parser.add_argument("--idle", type=int, default=500, help="idle calls for the memory figure")
    options = parser.parse_args()
    servers = [start(name) for name in NAMES]
    try:
        asyncio.run(run(servers, options.cycles, options.seconds, options.calls, options.idle))
        report(servers)
    finally:
        for server in servers:
            server.process.kill()
            server.process.wait()


if __name__ == "__main__":
    main()
