"""What CRUD of agents takes while many ask at once: ``python -m bench.api``.

A server in a process of its own, on SQLite and then on PostgreSQL (from a wheel), is asked by
clients over sockets of their own, back to back: each creates an agent, reads it, lists fifty,
replaces it and deletes it. Every answer is checked. Printed are medians and 99th percentiles.
"""

import argparse
import asyncio
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import orjson
from aiohttp import ClientSession, TCPConnector
from pydantic import SecretStr

from app import logs, server, stalls
from app.settings import Settings
from app.store import open_store

KEY = "key-of-the-benchmark"
STEPS = {"create": 201, "read": 200, "list": 200, "replace": 200, "delete": 204}
AGENT = {
    "name": "Front desk",
    "prompt": "You answer the telephone of a dental practice. Be brief and kind. " * 20,
    "realtime_config": {"provider": "openai", "voice": "sage"},
    "knowledge_base_ids": [],
}
BODY = orjson.dumps(AGENT)
WARM_UP = 1.0

Waits = dict[str, list[float]]


async def serve(url: str, port: int) -> None:
    """Serve as ``cordboard serve`` does, with checks, logs, metrics and records."""
    settings = Settings(
        port=port,
        log_format="json",
        api_keys=(SecretStr(KEY),),
        rate_limit="1000000/second",
        secret_key=(SecretStr("a-secret-key-of-the-benchmark-of-40-chars"),),
    )
    logs.configure(settings)
    store = await open_store(url)

    def ready(_port: int) -> None:
        print("ready", flush=True)

    await server.run(settings, [], on_listening=ready, store=store, parts=[stalls.setup])


@contextmanager
def serving(url: str) -> Iterator[str]:
    """A server on a store; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.api", "--serve", url, str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "ready":
            raise SystemExit("the server did not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


class Client:
    """Somebody who asks, one question after the other."""

    def __init__(self, http: ClientSession) -> None:
        self._http = http
        self.waits: Waits = {name: [] for name in STEPS}

    async def work(self, until: float) -> None:
        """Round after round."""
        while time.perf_counter() < until:
            made = orjson.loads(await self._ask("create", "POST", "/api/agents", BODY))
            path = f"/api/agents/{made['id']}"
            await self._ask("read", "GET", path)
            await self._ask("list", "GET", "/api/agents?limit=50")
            await self._ask("replace", "PUT", path, BODY)
            await self._ask("delete", "DELETE", path)

    async def _ask(self, step: str, method: str, path: str, body: bytes | None = None) -> bytes:
        began = time.perf_counter()
        async with self._http.request(method, path, data=body) as answer:
            text = await answer.read()
        self.waits[step].append(time.perf_counter() - began)
        if answer.status != STEPS[step]:
            raise RuntimeError(f"{step}: {answer.status} {text[:300]!r}")
        return text


async def load(base: str, clients: int, seconds: float) -> Waits:
    """Let them all ask at once; what comes before the caches are warm does not count."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    async with ClientSession(base, connector=TCPConnector(limit=0), headers=headers) as http:
        for lasting in (WARM_UP, seconds):
            asking = [Client(http) for _ in range(clients)]
            until = time.perf_counter() + lasting
            await asyncio.gather(*(one.work(until) for one in asking))
    return {name: sorted(wait for one in asking for wait in one.waits[name]) for name in STEPS}


def report(engine: str, clients: int, seconds: float, waits: Waits) -> None:
    """Print one engine's figures."""
    every = sorted(wait for one in waits.values() for wait in one)
    print(f"\n{engine}, {clients} clients: {len(every) / seconds:,.0f} requests a second")
    print(f"{'':10} {'requests':>9} {'p50 ms':>8} {'p99 ms':>8} {'most ms':>8}")
    for name, one in [*waits.items(), ("all", every)]:
        figures = (statistics.median(one), one[int(len(one) * 0.99)], one[-1])
        shown = " ".join(f"{1000 * figure:8.1f}" for figure in figures)
        print(f"{name:10} {len(one):9,} {shown}")


def main() -> None:
    """Parse the options; serve, or measure both engines."""
    parser = argparse.ArgumentParser(prog="bench.api", description=__doc__)
    parser.add_argument("--clients", type=int, default=200, help="who ask at once")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long")
    parser.add_argument("--serve", nargs=2, metavar=("URL", "PORT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.serve[0], int(options.serve[1])))
        return
    from tests.services.postgres import postgres

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        urls = {
            "SQLite": f"sqlite:///{folder}/bench.db",
            "PostgreSQL": stack.enter_context(postgres()).url(),
        }
        for engine, url in urls.items():
            for clients in (1, options.clients):
                with serving(url) as base:
                    waits = asyncio.run(load(base, clients, options.seconds))
                report(engine, clients, options.seconds, waits)


if __name__ == "__main__":
    main()
