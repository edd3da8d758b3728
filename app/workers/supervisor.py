"""The supervisor: starts workers, replaces those that die, renews all of them on SIGHUP."""

import argparse
import asyncio
import signal
from collections.abc import Callable
from typing import Final

import structlog

from app.logs import Event
from app.settings import Settings, SettingsError
from app.workers.port import reserve
from app.workers.worker import Worker, start

__all__ = ["Supervisor", "add_arguments", "run"]

MOST: Final = 256
STEADY_SECONDS: Final = 10.0
"""A worker that has lived for so long is replaced at once."""
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
TRIES: Final = 5
"""So many workers in a row that do not even start, while no other is left, are enough."""
START_SECONDS: Final = 120.0
"""So long may a worker take to start. The first one of all has time: it may change the store."""
FAILED: Final = 1

log = structlog.get_logger("cordboard.workers")


class GaveUp(Exception):
    """No worker is left, and none can be started."""


class Supervisor:
    """Keeps workers running.

    Args:
        port: Where they all listen.
        count: How many.
        node_port: The first of the ports where one alone listens; 0 leaves them open.
        drain_seconds: How long one may take to end.
        greet: Called with what a person is to read, once the first worker answers calls.
    """

    def __init__(
        self,
        port: int,
        count: int,
        node_port: int,
        drain_seconds: float,
        greet: Callable[[str], object],
    ) -> None:
        self._port, self._node_port = port, node_port
        self._names = [str(number + 1) for number in range(count)]
        self._drain_seconds = drain_seconds
        self._greet = greet
        self._current: dict[str, Worker] = {}
        self._running: set[Worker] = set()
        self._changing = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._renew = asyncio.Event()

    async def run(self) -> int:
        """Work until SIGTERM or SIGINT; gives the exit code."""
        self._hear_signals()
        try:
            return await self._start_all_and_keep()
        finally:
            self._stop()
            await asyncio.gather(*(one.ended.wait() for one in self._running))

    async def _start_all_and_keep(self) -> int:
        first = self._names[0]
        self._current[first] = worker = await self._start(first, within=None)
        if not await worker.until_ready():
            return 0 if self._stopping.is_set() else _code_of(worker)
        self._greet(worker.welcome)
        try:
            await self._keep_all()
        except* GaveUp:
            log.error(Event.WORKERS_GIVEN_UP, tries=TRIES, fix="see what the last one said")
        return 0 if self._stopping.is_set() else FAILED

    async def _keep_all(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            renewing = tasks.create_task(self._renew_when_asked())
            await asyncio.wait([tasks.create_task(self._keep(name)) for name in self._names])
            renewing.cancel()

    # one after another

    async def _start(self, name: str, *, within: float | None = START_SECONDS) -> Worker:
        self._running = {one for one in self._running if not one.ended.is_set()}
        worker = await start(name, self._port, self._free_node_port(), within=within)
        self._running.add(worker)
        if self._stopping.is_set():
            worker.drain()
        return worker

    def _free_node_port(self) -> int:
        """Of twice as many as there are workers, since new ones start beside the old ones."""
        taken = {one.node_port for one in self._running}
        return next(
            (port for port in range(self._node_port, 2**16) if port == 0 or port not in taken), 0
        )

    async def _keep(self, name: str) -> None:
        """Have a worker of this name, until the end."""
        tries = 0
        while not self._stopping.is_set():
            worker = await self._current_or_new(name)
            await worker.dismissed.wait()
            if self._current[name] is not worker or self._stopping.is_set():
                continue  # it was renewed, or all are to end
            tries = 0 if worker.is_ready and worker.seconds > STEADY_SECONDS else tries + 1
            pause = pause_after(tries)
            log.error(Event.WORKER_ENDED, **_end_of(worker), next_in_seconds=pause)
            if tries >= TRIES and not worker.is_ready and not self._has_any:
                raise GaveUp
            await self._pause(pause)

    async def _current_or_new(self, name: str) -> Worker:
        async with self._changing:
            worker = self._current.get(name)
            if worker is None or (worker.ended.is_set() and not self._stopping.is_set()):
                worker = self._current[name] = await self._start(name)
            return worker

    @property
    def _has_any(self) -> bool:
        return any(one.is_ready and not one.ended.is_set() for one in self._current.values())

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass

    # all of them

    async def _renew_when_asked(self) -> None:
        while await self._renew.wait():
            self._renew.clear()
            await self._renew_all()

    async def _renew_all(self) -> None:
        """Start new workers beside the old ones, then let those go.

        If one cannot start, the old ones go on as if nothing had been asked.
        """
        log.info(Event.WORKERS_RENEWING, workers=len(self._names))
        async with self._changing:
            leaving = new = await self._start_beside()
            if is_renewed := len(new) == len(self._names):
                leaving, self._current = self._current, new
                for worker in leaving.values():
                    worker.dismissed.set()
        await self._let_go(list(leaving.values()))
        if is_renewed:
            log.info(Event.WORKERS_RENEWED, workers=len(new))

    async def _start_beside(self) -> dict[str, Worker]:
        """New workers beside those that run, one after another, up to one that cannot start."""
        new: dict[str, Worker] = {}
        for name in self._names:
            worker = await self._start(name)
            if not await worker.until_ready():
                if not self._stopping.is_set():
                    log.error(Event.WORKERS_NOT_RENEWED, **_end_of(worker))
                break
            new[name] = worker
        return new

    async def _let_go(self, leaving: list[Worker]) -> None:
        """First none of them takes anything new: so each call moves once, to one that stays."""
        for worker in leaving:
            worker.step_aside()
        for worker in leaving:
            worker.drain()
            await self._ended_in_time(worker)

    async def _ended_in_time(self, worker: Worker) -> None:
        try:
            async with asyncio.timeout(self._drain_seconds):
                await worker.ended.wait()
        except TimeoutError:
            worker.kill()
            await worker.ended.wait()

    # the end

    def _hear_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(one, self._stop_or_kill)
        loop.add_signal_handler(signal.SIGHUP, self._renew.set)

    def _stop_or_kill(self) -> None:
        if self._stopping.is_set():
            self._kill()
        self._stop()

    def _stop(self) -> None:
        """Let all workers drain, and kill those that do not end."""
        if not self._stopping.is_set():
            self._stopping.set()
            asyncio.get_running_loop().call_later(self._drain_seconds, self._kill)
            for worker in self._running:
                worker.drain()

    def _kill(self) -> None:
        for worker in self._running:
            worker.kill()


def pause_after(tries: int) -> float:
    """Seconds before the next worker, after so many that died soon."""
    return 0.0 if tries < 2 else min(FIRST_PAUSE * 2 ** (tries - 2), LONGEST_PAUSE)


def _code_of(worker: Worker) -> int:
    """The exit code that a worker leaves to us which never started."""
    if worker.exit_code > 0:
        return worker.exit_code  # it has said why
    log.error(Event.WORKER_ENDED, **_end_of(worker))
    return FAILED


def _end_of(worker: Worker) -> dict[str, object]:
    """What the log says of a worker that has ended."""
    found: dict[str, object] = {"worker": worker.name, "code": worker.exit_code}
    return {**found, "not_ready_after_seconds": START_SECONDS} if worker.is_late else found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The option that asks for workers."""
    parser.add_argument(
        "--workers",
        type=_count,
        metavar="N",
        help="answer with N processes on one port: a dead one is replaced, SIGHUP renews all",
    )


def _count(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= MOST:
        raise argparse.ArgumentTypeError(f"expected a number from 1 to {MOST}, came {text!r}")
    return number


def run(settings: Settings, count: int, *, greet: Callable[[str], object]) -> int:
    """Keep so many workers until a signal; gives the exit code.

    Args:
        settings: Of all of them.
        count: How many.
        greet: Called with what a person is to read, once the first worker answers calls.

    Raises:
        SettingsError: The settings cannot be those of several processes.
    """
    if settings.node_url is not None:
        raise SettingsError(
            "CORDBOARD_NODE_URL with --workers: each worker has an address of its own; set "
            "CORDBOARD_NODE_HOST to an address of this machine that other nodes reach"
        )
    longest = settings.drain_delay + settings.drain_seconds

    async def supervise(port: int) -> int:
        supervisor = Supervisor(port, count, settings.node_port, longest, greet)
        return await supervisor.run()

    with reserve(settings) as kept:
        return asyncio.run(supervise(kept.getsockname()[1]))
