"""Waiting for some state to change that is a plain value."""

import asyncio
from collections.abc import Callable

from app.twin.errors import WaitFailed


class Signal:
    """Wakes those who wait, so that they look again."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def poke(self) -> None:
        """Let those who wait look again."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, done: Callable[[], object]) -> None:
        """Wait until `done()`, without a limit."""
        while not done():
            await self._change()

    async def _change(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)


async def expect(signal: Signal, done: Callable[[], object], what: str, limit: float) -> None:
    """Wait until `done()`, for a test.

    Raises:
        WaitFailed: If it takes longer than `limit` seconds.
    """
    try:
        async with asyncio.timeout(limit):
            await signal.until(done)
    except TimeoutError:
        raise WaitFailed(f"{what}: not within {limit:g} s") from None
