"""The threads that wait for Bedrock: boto3 has no other way.

They are our own, for the loop's default executor has only a few and others use it too. A turn
that is stopped is forgotten at once, and its thread is freed by cutting its socket. Only while
that socket is being connected does the thread stay, up to the time limit of connecting, which is
why they are counted.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from app.llm.bedrock.turn import Turn
from app.llm.port import ModelError

LIMIT = 256
"""How many requests may be under way at once: each has a thread, which mostly sleeps."""

T = TypeVar("T")


class Threads:
    """A bounded pool that refuses where another would let a caller wait in a queue."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._executor = ThreadPoolExecutor(limit, thread_name_prefix="bedrock")
        self._turns: set[Turn] = set()

    @property
    def busy(self) -> int:
        """How many threads are at work, those of stopped turns included."""
        return len(self._turns)

    async def run(self, work: Callable[[], T]) -> T:
        """The result of `work`, made by a thread; to cancel it is to stop the thread."""
        # To leave the stream early would cut a connection that can be used again.
        (result,) = [result async for result in self.stream(lambda: (work(),))]
        return result

    async def stream(self, work: Callable[[], Iterable[T]]) -> AsyncGenerator[T]:
        """Yield what `work` yields in a thread, and raise what it raises.

        Nothing waits for the reader: the thread goes on, and what it finds is kept.

        Raises:
            ModelError: If every thread is busy.
        """
        loop, turn = asyncio.get_running_loop(), Turn()
        found: asyncio.Queue[T | Future[None]] = asyncio.Queue()

        def tell(item: T | Future[None]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop may be closed before the thread ends
                loop.call_soon_threadsafe(found.put_nowait, item)

        self._submit(turn, work, tell).add_done_callback(tell)
        try:
            while not isinstance(item := await found.get(), Future):
                yield item
            item.result()
        finally:
            turn.stop()

    def _submit(
        self, turn: Turn, work: Callable[[], Iterable[T]], tell: Callable[[T], None]
    ) -> Future[None]:
        if self.busy >= self._limit:
            message = f"all {self._limit} threads for Bedrock are busy"
            raise ModelError(message, kind="overloaded", retryable=True, vendor="bedrock")
        self._turns.add(turn)
        return self._executor.submit(self._read, turn, work, tell)

    def _read(self, turn: Turn, work: Callable[[], Iterable[T]], tell: Callable[[T], None]) -> None:
        try:
            with turn.at_work():
                for item in work():
                    tell(item)
        finally:
            self._turns.discard(turn)


THREADS = Threads()
"""Those of the process: what it bears does not depend on how many credentials it serves."""
