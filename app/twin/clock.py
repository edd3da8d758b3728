"""The time of the twin's world: that of the real one, or one that jumps over what is only waiting.

Virtual time stands still while anybody owes something: an ack, a tool output, a model's reply, a
frame that is not written. Otherwise it jumps to the next moment at which something is to happen.
What protects a test or a caller from a hung application stays in real time: the limits of acks,
tools, handshakes, and the patience of whoever waits for a call.
"""

import asyncio
import heapq
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Literal, Protocol, Self

QUIET = 24
"""Rounds of the event loop without any change before time may jump.

A frame that was written is read within one round, and whoever waits is woken within another. From
a tool's output to the next request to the model it takes about ten; what may take longer than this
holds the clock.
"""

BREATHS = 8
"""Rounds within which a frame is written and read, what it begins has begun, and is answered."""

POLL = 0.0005
"""Real seconds between two looks at an application that is busy."""


PATIENCE = 0.2
"""Real seconds that time waits for a busy application: one handler may live as long as its call."""

ClockName = Literal["virtual", "real"]


class Timer(Protocol):
    """Something that is to happen."""

    def cancel(self) -> None:
        """Let it not happen."""


class Clock(Protocol):
    """Tells the time and waits for it; seconds, from an arbitrary beginning.

    Attributes:
        is_virtual: Whether it may jump.
    """

    @property
    def is_virtual(self) -> bool: ...  # noqa: D102

    def time(self) -> float:
        """The present moment."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    async def pass_by(self, seconds: float) -> None:
        """Wait although nobody does anything: the caller is silent."""

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Call back after a while."""

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[object]:
        """Raise `TimeoutError` out of a block that takes longer; None never does."""

    def hold(self) -> "Hold":
        """Let virtual time stand still until the hold is released."""

    def lend(self, holds: int) -> None:
        """Let time pass although so many more holds are there: what they wait for is on its way."""

    def touch(self) -> None:
        """Hear that something has changed."""

    async def rest(self) -> None:
        """Wait until the application has reacted, where a run is to be repeatable."""


class Hold:
    """Keeps a clock from jumping, as a context manager or until `release`."""

    __slots__ = ("_clock",)

    def __init__(self, clock: "VirtualClock | None" = None) -> None:
        self._clock = clock

    def release(self) -> None:
        """Let time go on; harmless the second time."""
        clock, self._clock = self._clock, None
        if clock is not None:
            clock.let_go()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


class RealClock:
    """The time of the machine."""

    is_virtual = False

    def time(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        await asyncio.sleep(seconds)

    async def pass_by(self, seconds: float) -> None:
        """Wait in real time."""
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Call back in real time."""
        return asyncio.get_running_loop().call_later(seconds, callback)

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[object]:
        """A limit in real time."""
        return asyncio.timeout(seconds)

    def hold(self) -> Hold:
        """Real time cannot be held."""
        return Hold()

    def lend(self, holds: int) -> None:
        """Real time is not held by anything."""

    def touch(self) -> None:
        """Real time does not care."""

    async def rest(self) -> None:
        """Real time repeats nothing."""


class VirtualTimer:
    """A moment in a virtual clock's future."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        """Let it not happen; time does not stop there."""
        self.callback = None


class VirtualClock:
    """Time that jumps.

    Args:
        may_run: Whether there is anything that time should pass for; a caller who is being waited
            for lets it stand still.
        is_idle: Whether the application has done all that it was asked, where that can be seen:
            in one process. Where it cannot, only what is owed holds the time.
        repeats: Whether a run is to be repeatable: whoever acts next lets the application react.
    """

    is_virtual = True

    def __init__(
        self,
        may_run: Callable[[], bool] = lambda: True,
        is_idle: Callable[[], bool] = lambda: True,
        *,
        repeats: bool = False,
    ) -> None:
        self.may_run = may_run
        self.is_idle = is_idle
        self.repeats = repeats
        self._is_rested = False  # nothing has changed since the application had reacted
        self._now = 0.0
        self._timers: list[tuple[float, int, VirtualTimer]] = []
        self._number = itertools.count()
        self._holds = 0
        self._lent = 0
        self._quiet = 0
        self._is_looking = False
        self._waits = 0
        self._patience = PATIENCE
        self._polls = 0

    def time(self) -> float:
        """Seconds since the clock was made."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Wait in virtual time."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        timer = self.call_later(seconds, lambda: _wake(woken))
        try:
            await woken
        finally:
            timer.cancel()

    async def pass_by(self, seconds: float) -> None:
        """Let time pass although nobody does anything: the caller is silent."""
        self._waits += 1
        try:
            await self.sleep(seconds)
        finally:
            self._waits -= 1

    def call_later(self, seconds: float, callback: Callable[[], object]) -> VirtualTimer:
        """Call back when the time has come."""
        timer = VirtualTimer(callback)
        heapq.heappush(self._timers, (self._now + max(seconds, 0.0), next(self._number), timer))
        self.touch()
        return timer

    @asynccontextmanager
    async def _limit(self, seconds: float | None) -> AsyncIterator[None]:
        if seconds is None:
            yield
            return
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(None) as limit:
            timer = self.call_later(seconds, lambda: limit.reschedule(loop.time()))
            try:
                yield
            finally:
                timer.cancel()

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[object]:
        """A limit in virtual time."""
        return self._limit(seconds)

    def hold(self) -> Hold:
        """Stand still until the hold is released."""
        self._holds += 1
        return Hold(self)

    def let_go(self) -> None:
        """Take one hold back."""
        self._holds -= 1
        self.touch()

    def lend(self, holds: int) -> None:
        """Count so many holds as none, until they are taken back with a number below 0."""
        self._lent += holds
        self.touch()

    @property
    def _is_held(self) -> bool:
        return self._holds > self._lent

    def touch(self) -> None:
        """Look again, a few quiet rounds from now, whether time may jump."""
        self._quiet = 0
        self._is_rested = False
        if not self._is_looking and self._timers and not self._is_held:
            self._is_looking = True
            asyncio.get_running_loop().call_soon(self._look)

    async def rest(self) -> None:
        """Wait until the application has reacted to all that it was told.

        Not as long as it likes: a handler may live as long as its call.
        """
        if not self.repeats or self._is_rested:
            return
        with self.hold():
            await self._reacted()
        self._is_rested = True  # the hold's end has changed nothing for the application

    async def _reacted(self) -> None:
        for _ in range(int(self._patience / POLL)):
            was_idle = self.is_idle()
            await _rounds(BREATHS)
            if was_idle and self.is_idle():
                return
            if not was_idle:
                await asyncio.sleep(POLL)
        self._patience = 10 * POLL

    def _look(self) -> None:
        if self._is_held or not self._timers:
            self._is_looking = False
            return
        self._quiet += 1
        loop = asyncio.get_running_loop()
        if self._quiet < QUIET:
            loop.call_soon(self._look)
        elif not (self._waits or self.may_run()):
            self._is_looking = False
        elif not self._is_awaited():
            loop.call_later(POLL, self._look)
        else:
            self._jump()
            self._quiet = 0
            loop.call_soon(self._look)

    def _is_awaited(self) -> bool:
        """Whether the application has been waited for: it is idle, or will not be."""
        if self.is_idle():
            self._polls = 0
            return True
        self._polls += 1
        if self._polls * POLL < self._patience:
            self._quiet = 0
            return False
        self._polls, self._patience = 0, 10 * POLL  # not as long again
        return True

    def _jump(self) -> None:
        """Go to the next moment, and let happen what is to happen then."""
        while self._timers:
            when, _, timer = heapq.heappop(self._timers)
            if callback := timer.callback:
                self._now = when
                timer.callback = None
                callback()
                return


def _rounds(left: int) -> "asyncio.Future[None]":
    """Some rounds of the event loop, at the price of a callback each."""
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()

    def go_on(left: int) -> None:
        if left:
            loop.call_soon(go_on, left - 1)
        else:
            _wake(over)

    go_on(left)
    return over


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)
