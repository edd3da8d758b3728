"""One worker, as its supervisor sees it."""

import asyncio
import json
import socket
import sys
import time
from contextlib import suppress
from typing import Final

from app.settings import environment_of_worker
from app.workers.line import DRAIN, STEP_ASIDE

__all__ = ["Worker", "start"]

LONGEST_WELCOME: Final = 2**20


class Worker:
    """A process that answers calls, or soon will.

    Attributes:
        name: Its name, and that of whoever replaces it.
        node_port: Where this process alone listens; 0 where that is left open.
        ended: Set when it has ended.
        dismissed: Set when it has ended, or another one has its name.
        welcome: What a person is to read, once it is ready.
        is_late: Whether it was ended, since it was not ready in time.
    """

    def __init__(
        self,
        name: str,
        node_port: int,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        within: float | None,
    ) -> None:
        self.name, self.node_port = name, node_port
        self.ended, self.dismissed = asyncio.Event(), asyncio.Event()
        self.welcome = ""
        self.is_late = False
        self._within = within
        self._process = process
        self._reader, self._writer = reader, writer
        self._begun = time.monotonic()
        self._told = asyncio.Event()
        self._watch = asyncio.create_task(self._until_ended())

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    @property
    def is_ready(self) -> bool:
        """Whether it answers calls, or did."""
        return bool(self.welcome)

    @property
    def seconds(self) -> float:
        """For how long it has been running."""
        return time.monotonic() - self._begun

    @property
    def exit_code(self) -> int:
        """What it has ended with; a signal's number with a minus."""
        return self._process.returncode or 0

    async def until_ready(self) -> bool:
        """Wait until it answers calls; False where it ends before."""
        await self._told.wait()
        return self.is_ready

    def step_aside(self) -> None:
        """Let it take nothing new any more."""
        self._say(STEP_ASIDE)

    def drain(self) -> None:
        """Let it give its calls away and end."""
        if self.is_ready:
            self._say(DRAIN)
        else:  # it may not listen to its line for a while, and has no calls
            with suppress(ProcessLookupError):
                self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        with suppress(ProcessLookupError):
            self._process.kill()

    def _say(self, order: bytes) -> None:
        # Not a signal: the system may send one to all processes by itself, and a second one kills.
        self._writer.write(order + b"\n")

    async def _until_ended(self) -> None:
        try:
            async with asyncio.timeout(self._within):
                with suppress(ConnectionError, ValueError):
                    self.welcome = json.loads(await self._reader.readline() or b'""')
        except TimeoutError:
            self.is_late = True
            self.kill()
        if self.is_ready:
            self._told.set()
        await self._process.wait()
        self._writer.close()
        self.ended.set()
        self.dismissed.set()
        self._told.set()


async def start(name: str, port: int, node_port: int, *, within: float | None = None) -> Worker:
    """Start a worker: as this process was started, but for its name and its ports.

    Args:
        name: Of it.
        port: Where all workers listen.
        node_port: Where it alone listens.
        within: Seconds after which it is ended if it does not answer calls; None: it has time.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *sys.orig_argv[1:]),
            stdin=theirs.fileno(),
            env=environment_of_worker(name, port, node_port),
        )
    reader, writer = await asyncio.open_connection(sock=ours, limit=LONGEST_WELCOME)
    return Worker(name, node_port, process, reader, writer, within=within)
