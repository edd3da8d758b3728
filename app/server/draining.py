"""The end of a node: its calls go to others, in waves, and the process ends in time.

jambonz redials half a second after a socket closed, so what is closed at once comes back at once.
Calls at rest go first. A call with a tool in flight, or an answer owed, has some time to come to
rest: jambonz gives up a request whose socket closes, and with it, after some verbs, the call.
"""

import asyncio
import math
import os
import signal
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import structlog
from aiohttp import web

from app.calls import Calls
from app.keys import CALLS, DRAINING, FEED, LEAVING, SETTINGS
from app.lines import QUICK
from app.server.lookout import LOOKOUT
from app.server.socket import GOING_AWAY, HANDSHAKE_SECONDS
from app.session import Keeper, Session, close_to_redial

__all__ = ["Stop", "close_all", "end_within", "leave"]

TICK: Final = 0.1
"""Seconds between two waves."""
LEAST: Final = 5
"""Calls of a wave, at least: a few need not wait for one another."""
MOST_WAVES: Final = 3
"""So many are on their way at once."""
REPORT_SECONDS: Final = 1.0

log = structlog.get_logger("cordboard.server")


class Stop:
    """What a node is told about its end: by signals, or by who runs it."""

    def __init__(self) -> None:
        self._aside = asyncio.Event()
        self._drain = asyncio.Event()

    def step_aside(self) -> None:
        """Take nothing new any more, and keep the calls that are there."""
        self._aside.set()

    def drain(self) -> None:
        """Let all calls go, then end."""
        self._drain.set()
        self._aside.set()

    @property
    def is_draining(self) -> bool:
        """Whether the calls are to go."""
        return self._drain.is_set()

    async def until_aside(self) -> None:
        """Wait until nothing new is to be taken."""
        await self._aside.wait()

    async def until_draining(self) -> None:
        """Wait until the calls are to go."""
        await self._drain.wait()

    def hear_signals(self) -> None:
        """Drain at SIGTERM or SIGINT; at a second one the process ends at once."""
        loop = asyncio.get_running_loop()
        for one in (signal.SIGTERM, signal.SIGINT):
            try:
                loop.add_signal_handler(one, self._signalled, loop, one)
            except NotImplementedError:  # Windows: ctrl-C raises KeyboardInterrupt instead
                continue

    def _signalled(self, loop: asyncio.AbstractEventLoop, number: int) -> None:
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(one, end_now, 128 + one)
        self.drain()


@dataclass(frozen=True, slots=True)
class Schedule:
    """How the seconds of an end are shared out, counted from its beginning.

    Attributes:
        grace: Until then a busy call may come to rest.
        waves: By then the last socket is being closed.
        closed: By then jambonz has answered the close frames.
        gone: By then all calls have gone.
        over: By then all else is done. What an author's code does then is cut off soon after.
    """

    grace: float
    waves: float
    closed: float
    gone: float
    over: float

    @classmethod
    def within(cls, seconds: float) -> "Schedule":
        """For a process that has so many seconds."""
        step = min(0.5, seconds / 10)
        waves = seconds - 5 * step
        return cls(waves * 0.6, waves, waves + 2 * step, waves + 3 * step, waves + 4 * step)

    @property
    def straggle(self) -> float:
        """Seconds for code that does not end."""
        return self.over - self.gone


async def leave(web_app: web.Application, site: web.BaseSite, stop: Stop) -> None:
    """Wait until the node is told to end, and let its calls go.

    The port closes before the first of them: jambonz retries a refused connection, but not a 503.
    A balancer that asks `/readyz` has `CORDBOARD_DRAIN_DELAY` seconds to see it coming.
    """
    await stop.until_aside()
    web_app[LEAVING].set()
    settings = web_app[SETTINGS]
    if stop.is_draining and settings.drain_delay:
        log.info("draining", calls=len(web_app[CALLS]), in_seconds=settings.drain_delay)
        await asyncio.sleep(settings.drain_delay)
    web_app[DRAINING].set()
    await site.stop()
    await stop.until_draining()
    schedule = Schedule.within(settings.drain_seconds)
    end_within(schedule.over)
    await let_calls_go(web_app, schedule)


async def let_calls_go(web_app: web.Application, schedule: Schedule) -> None:
    """Close the socket of every call with 1012, and have each kept for whoever is redialled."""
    calls, lookout = web_app[CALLS], web_app[LOOKOUT]
    waves = Waves(calls, schedule)
    going: set[asyncio.Task[None]] = set()
    latest = waves.begun + schedule.waves

    def go(leaving: Iterable[Session]) -> None:
        going.update(asyncio.create_task(let_go(calls, one, latest)) for one in leaving)

    log.info("draining", calls=len(calls))
    while waves.left:
        go(waves.next_one(on_their_way=sum(not one.done() for one in going)))
        if waves.left:
            await asyncio.sleep(TICK)
    for socket in lookout.mute:
        socket.close(GOING_AWAY, "restarting")
        going.add(asyncio.create_task(socket.closed()))
    await finish(going, waves.begun + schedule.closed)
    for socket in [*lookout.sockets]:
        socket.abort()  # jambonz has not answered, and redials all the same
    go(waves.left)
    await finish(going, waves.begun + schedule.gone)


async def let_go(calls: Calls, session: Session, latest: float) -> None:
    """Let one call go: once it is kept as it is, so that whoever is redialled can go on at once.

    While that cannot be, it goes on here; from a monotonic time on it goes all the same.
    """
    keeper = calls.runtime.keeper
    if keeper is not None:
        await until_kept(keeper, session, latest)
    await close_to_redial(session, GOING_AWAY)
    if keeper is not None:
        await keeper.hand_over(session, grace=0.0)


async def until_kept(keeper: Keeper, session: Session, latest: float) -> None:
    """Wait until a call is kept as it is."""
    while session.is_kept and time.monotonic() < latest:
        if await keeper.settled(session):
            return
        await asyncio.sleep(TICK)


async def finish(going: set[asyncio.Task[None]], until: float) -> None:
    """Wait for tasks up to a monotonic time."""
    if going:
        await asyncio.wait(going, timeout=max(0.0, until - time.monotonic()))


class Waves:
    """The calls of a node, some at a time.

    Attributes:
        begun: When the first one went, in monotonic seconds.
    """

    def __init__(self, calls: Calls, schedule: Schedule) -> None:
        self.begun = self._reported = time.monotonic()
        self._calls = calls
        self._schedule = schedule
        self._gone: set[Session] = set()
        self._size = max(LEAST, math.ceil(len(calls) * TICK / schedule.grace))

    @property
    def left(self) -> list[Session]:
        """Those that have not gone yet."""
        return [one for one in self._calls if one not in self._gone]

    def next_one(self, *, on_their_way: int = 0) -> list[Session]:
        """Those that go now.

        Args:
            on_their_way: How many of those before have not gone yet: others wait for them.
        """
        now, left = time.monotonic(), self.left
        passed = now - self.begun
        if now - self._reported >= REPORT_SECONDS:
            self._reported = now
            log.info("draining", calls=len(left), seconds=round(passed, 1))
        wave = [one for one in left if one.is_at_rest]
        if passed >= self._schedule.grace:
            wave += [one for one in left if not one.is_at_rest]
        if passed < self._schedule.waves:
            wave = wave[: max(0, min(self._size, MOST_WAVES * self._size - on_their_way))]
        self._gone.update(wave)
        return wave


async def close_all(web_app: web.Application) -> None:
    """Close what is open by now, all at once: the server is being taken down."""
    web_app[LEAVING].set()
    web_app[DRAINING].set()
    sockets = [*web_app[LOOKOUT].sockets]
    for socket in sockets:
        socket.close(GOING_AWAY, "restarting")
    closing = {asyncio.create_task(socket.closed()): socket for socket in sockets}
    if closing:
        _, late = await asyncio.wait(closing, timeout=HANDSHAKE_SECONDS)
        for task in late:
            closing[task].abort()
    web_app[FEED].close()


def end_within(seconds: float) -> None:
    """End the process if it has not ended by itself.

    A thread that runs an author's code cannot be stopped, nor a task that refuses to be cancelled,
    and Python would wait for both.
    """
    timer = threading.Timer(seconds, os._exit, (0,))
    timer.daemon = True
    timer.start()


def end_now(code: int) -> None:
    """End the process at once, as somebody insists on."""
    QUICK.flush()
    os._exit(code)
