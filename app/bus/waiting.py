"""Waiting for a table, but not for long."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from app.bus.port import BusUnavailable

__all__ = ["Waiting"]

T = TypeVar("T")


class Waiting:
    """What is asked of a table, each in a task of its own.

    A driver that is told to stop waiting may take seconds to do so (it closes its connection in
    good order), or not hear it at all (``asyncio.wait_for`` loses that in Python 3.11). Whoever
    asked goes on at once; what was begun comes to its end by itself.

    Args:
        patience: Seconds after which a table that does not answer is away.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._tasks: set[asyncio.Task[Any]] = set()

    async def ask(self, work: Coroutine[Any, Any, T]) -> T:
        """What the work gives; it is stopped where nobody waits for it any more.

        Raises:
            BusUnavailable: It took too long.
        """
        task = self.begin(work)
        try:
            return await self.until_done(task)
        finally:
            task.cancel()

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Let the work begin, for several to wait for."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._end)
        return task

    async def until_done(self, task: asyncio.Task[T]) -> T:
        """What the work of a task gives; it goes on where nobody waits for it any more.

        Raises:
            BusUnavailable: It took too long.
        """
        await asyncio.wait([task], timeout=self._patience)
        if task.done():
            return task.result()
        raise BusUnavailable(f"the table of calls did not answer within {self._patience:g} s")

    def _end(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever asked may not wait for it any more

    async def close(self) -> None:
        """Let what was given up come to its end, within the same bound."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._patience)
