"""Servers as processes of their own: started, killed, frozen, woken, started again."""

import asyncio
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import orjson

ROOT = Path(__file__).parent.parent.parent
DESK = Path(__file__).with_name("desk.py")  # not imported: it opens its ledger where it is run
KEY = "key-of-the-tests"
SECRET = "a secret of the tests and of nobody else"
PATIENCE = 30.0
STEADY_PORTS = range(20_000, 32_000)
"""Ports that no outgoing connection gets: they are still free when a process starts again."""


def steady_port() -> int:
    """A port that nobody listens on, and that stays free while its process is down."""
    while True:
        port = secrets.choice(STEADY_PORTS)
        with socket.socket() as taken, suppress(OSError):
            taken.bind(("127.0.0.1", port))
            return port


def make_project(folder: Path) -> Path:
    """A folder with the application; the path of its ledger."""
    handlers = folder / "handlers"
    handlers.mkdir(parents=True)
    shutil.copy(DESK, handlers / "desk.py")
    return folder / "ledger.jsonl"


@dataclass
class Node:
    """`python -m app serve` in a folder, on a port that it keeps over restarts.

    Args:
        folder: Made by `make_project`; nodes may share it.
        name: Of its data folder and its log.
        settings: Variables without their prefix, in small letters.
        options: Words after `serve`.
    """

    folder: Path
    name: str = "node"
    settings: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    port: int = field(default_factory=steady_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def spawn(self) -> None:
        """Start it, and do not wait."""
        self.bury()
        named = {
            "host": "127.0.0.1",
            "port": str(self.port),
            "data_dir": str(self.folder / self.name),
            "api_keys": KEY,
            "secret_key": SECRET,
            "log_format": "json",
            "rate_limit": "10000/second",
            **self.settings,
        }
        inherited = {key: value for key, value in os.environ.items() if "CORDBOARD" not in key}
        ours = {f"CORDBOARD_{key.upper()}": value for key, value in named.items()}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app", "serve", *self.options],
                cwd=self.folder,
                env={**inherited, **ours, "PYTHONPATH": str(ROOT), "PYTHONASYNCIODEBUG": ""},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def start(self) -> None:
        """Start it, and return when it is ready."""
        self.spawn()
        await self.ready()

    async def ready(self) -> None:
        """Wait until it says that it is ready."""
        deadline = time.monotonic() + PATIENCE
        async with aiohttp.ClientSession() as client:
            while await self.status(client) != 200:
                if not self.is_running or time.monotonic() > deadline:
                    raise RuntimeError(
                        f"{self.name} did not start:\n{self.log.read_text()[-3000:]}"
                    )
                await asyncio.sleep(0.02)

    async def status(self, client: aiohttp.ClientSession) -> int:
        """What its probe answers; 0 where nobody does."""
        try:
            async with client.get(
                f"{self.url}/readyz", timeout=aiohttp.ClientTimeout(total=1.0)
            ) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def send(self, sign: int) -> float:
        """Send a signal; gives the moment."""
        os.kill(self.pid, sign)
        return time.monotonic()

    def kill(self) -> float:
        """End it and all its children as a crash would, and do not wait; gives the moment."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        return time.monotonic()

    def bury(self) -> None:
        """Wait until nothing is left of one that was killed."""
        if self.process is not None:
            self.process.wait(PATIENCE)

    def freeze(self) -> float:
        """Let it not run any more, as a machine that swaps or is moved."""
        return self.send(signal.SIGSTOP)

    def wake(self) -> float:
        """Let it go on."""
        return self.send(signal.SIGCONT)

    @property
    def workers(self) -> set[int]:
        """The processes that it has started, where it is a supervisor."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return {int(pid) for pid in children.read_text().split()}

    async def start_workers(self, count: int) -> None:
        """Start a supervisor, and return when so many workers answer."""
        await self.start()
        deadline = time.monotonic() + PATIENCE
        while (ready := len(self.lines("listening"))) < count:
            assert time.monotonic() < deadline, f"only {ready} of {count} workers answer"
            await asyncio.sleep(0.05)

    async def renewed(self, before: set[int], limit: float) -> None:
        """Wait until each of its workers has been replaced by another."""
        deadline = time.monotonic() + limit
        while len(self.workers) != len(before) or self.workers & before:
            assert time.monotonic() < deadline, f"workers were {before}, are {self.workers}"
            await asyncio.sleep(0.05)

    async def exit_code(self, limit: float) -> int:
        """Wait for its end."""
        assert self.process is not None
        return await asyncio.to_thread(self.process.wait, limit)

    def lines(self, *events: str) -> list[dict[str, object]]:
        """What it has logged, of these events or of all."""
        found: list[dict[str, object]] = []
        for text in self.log.read_bytes().splitlines():
            if text.startswith(b"{"):
                line = orjson.loads(text)
                if not events or line.get("event") in events:
                    found.append(line)
        return found

    def faults(self) -> list[dict[str, object]]:
        """Lines with a traceback, which a server in order never logs here."""
        return [line for line in self.lines() if "exception" in line or line["level"] == "critical"]
