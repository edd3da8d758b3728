"""One direction of a socket through a bad network."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from app.twin.clock import Clock
from app.twin.lanes import IN_PLACE, Lane, may_overtake

__all__ = ["Road"]

Arrive = Callable[[str | bytes], Awaitable[None]]


@dataclass(slots=True, eq=False)
class _Travelling:
    """A frame on its way."""

    frame: str | bytes
    due: float
    owed: int
    lane: Lane
    is_aside: bool
    has_arrived: asyncio.Event = field(default_factory=asyncio.Event)


class Road:
    """One direction of a socket: frames arrive in their order, perhaps late.

    A frame that steps aside is overtaken by those behind it that may overtake it. While they are on
    their way, what is owed for them lets time pass.

    Args:
        clock: Whose time it takes.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._frames: deque[_Travelling] = deque()
        self._aside: dict[_Travelling, asyncio.Task[None]] = {}
        self._more = asyncio.Event()
        self._is_empty = asyncio.Event()
        self._is_empty.set()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is on its way."""
        return not (self._frames or self._aside)

    def put(
        self,
        frame: str | bytes,
        late: float = 0.0,
        owed: int = 0,
        lane: Lane = IN_PLACE,
        *,
        is_aside: bool = False,
    ) -> None:
        """Send a frame off.

        Args:
            frame: What is sent.
            late: How many seconds it takes; it overtakes none of those before it.
            owed: How many things the clock is held for that wait for this frame.
            lane: Which frames it may overtake where they step aside.
            is_aside: Whether it does.
        """
        due = self._clock.time() + late
        self._frames.append(_Travelling(frame, due, owed, lane, is_aside))
        self._clock.lend(owed)
        self._is_empty.clear()
        self._more.set()

    async def run(self, arrive: Arrive) -> None:
        """Let every frame arrive, until the task is cancelled."""
        try:
            while True:
                while self._frames:
                    await self._go(self._frames[0], arrive)
                    self._frames.popleft()
                self._look()
                self._more.clear()
                await self._more.wait()
        finally:
            for task in self._aside.values():
                task.cancel()
            self._clock.lend(-sum(one.owed for one in (*self._frames, *self._aside)))
            self._frames.clear()
            self._aside.clear()
            self._is_empty.set()

    async def _go(self, one: _Travelling, arrive: Arrive) -> None:
        before = [other for other in self._aside if not may_overtake(one.lane, other.lane)]
        if one.is_aside:
            task = asyncio.create_task(self._step_aside(one, before, arrive))
            self._aside[one] = task
        else:
            await self._bring(one, before, arrive)

    async def _step_aside(
        self, one: _Travelling, before: list[_Travelling], arrive: Arrive
    ) -> None:
        await self._bring(one, before, arrive)
        del self._aside[one]
        self._look()

    async def _bring(self, one: _Travelling, before: list[_Travelling], arrive: Arrive) -> None:
        for other in before:
            await other.has_arrived.wait()
        if (left := one.due - self._clock.time()) > 0:
            await self._clock.pass_by(left)
        owed, one.owed = one.owed, 0
        self._clock.lend(-owed)
        await arrive(one.frame)
        one.has_arrived.set()

    def _look(self) -> None:
        if self.is_empty:
            self._is_empty.set()

    async def emptied(self) -> None:
        """Wait until all has arrived."""
        await self._is_empty.wait()
