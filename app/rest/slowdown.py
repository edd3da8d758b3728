"""Wrong keys and passwords wait, ever longer, and so do guesses; nobody is locked out for good."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from app.rest.address import group_of
from app.rest.problems import Problem

__all__ = ["Slowdown", "too_many"]

FIRST_DELAY: Final = 0.05
LONGEST_DELAY: Final = 2.0
FORGET_AFTER: Final = 300.0
MOST_ADDRESSES: Final = 4096
MOST_WAITING: Final = 256


@dataclass(slots=True)
class _Failures:
    count: int
    last: float


class Slowdown:
    """Makes an address wait longer with every failed key, without ever locking it out.

    Only failures wait, so whoever has a good key is not disturbed, not even from the same address.
    """

    def __init__(
        self,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sleep = sleep
        self._clock = clock
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self._waiting = 0

    async def failed(self, address: str) -> None:
        """Count a failure of this address and wait for it.

        Raises:
            Problem: 429, when too many wait already.
        """
        if self._waiting >= MOST_WAITING:
            raise too_many(1, "Too many wrong keys at once.")
        delay = self._delay(group_of(address))
        self._waiting += 1
        try:
            await self._sleep(delay)
        finally:
            self._waiting -= 1

    def _delay(self, group: str) -> float:
        now = self._clock()
        known = self._failures.pop(group, None)
        if known is None or now - known.last > FORGET_AFTER:
            known = _Failures(0, now)
        known.count, known.last = known.count + 1, now
        self._failures[group] = known
        if len(self._failures) > MOST_ADDRESSES:
            self._failures.popitem(last=False)
        return min(FIRST_DELAY * 2.0 ** min(known.count - 1, 16), LONGEST_DELAY)


def too_many(wait: int, reason: str) -> Problem:
    """There were too many requests; `wait` seconds later there may be one more."""
    detail = f"{reason} Try again in {wait} s."
    return Problem(429, detail, kind="rate-limited", headers={"Retry-After": str(wait)})
