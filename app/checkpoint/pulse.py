"""Pulse: tells a process that was frozen that it was."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

__all__ = ["Pulse"]

LONGEST_BEAT: Final = 1.0
BEATS: Final = 10
"""How often it beats within a lease, at least."""


class Pulse:
    """The heart of a node's loop.

    Whoever was frozen for longer than its lease must not say a word before it has looked which of
    its calls others have taken. What is due when it wakes, a timer or a tool, may have its turn
    before anything else: so certainty runs out by itself, and only a beat extends it.

    Args:
        lease: Seconds after which others may think that this node is gone.
        look: Finds out which calls are still here.
        go_on: Told once it is known again.
        clock: Monotonic seconds.

    Attributes:
        until: Up to when it is certain.
    """

    def __init__(
        self,
        lease: float,
        look: Callable[[], Awaitable[None]],
        go_on: Callable[[], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lease = lease
        self._look = look
        self._go_on = go_on
        self._clock = clock
        self.until = clock() + lease

    def is_certain(self, now: float) -> bool:
        """Whether nobody can have thought by then that this node is gone."""
        return now < self.until

    async def keep(self) -> None:
        """Beat until cancelled."""
        pace = min(LONGEST_BEAT, self._lease / BEATS)
        while True:
            await asyncio.sleep(pace)
            await self.beat()

    async def beat(self) -> None:
        """Be certain for another lease; after a long pause only once the calls were looked at."""
        if self.is_certain(now := self._clock()):
            self.until = now + self._lease
            return
        while not self.is_certain(now := self._clock()):
            await self._look()
            self.until = now + self._lease
        self._go_on()
