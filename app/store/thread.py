"""A thread for transactions of SQLite that run in one go."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa

__all__ = ["WriterThread"]

P = ParamSpec("P")
T = TypeVar("T")


class WriterThread:
    """Runs functions, one after the other, each within a transaction.

    Args:
        engine: With one connection.

    Attributes:
        engine: As given.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")

    async def run(
        self, work: Callable[Concatenate[sa.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What a function gives; its transaction comes to its end also where nobody waits for it.

        Raises:
            DBAPIError: As the driver has it.
        """

        def transact() -> T:
            with self.engine.begin() as connection:
                return work(connection, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._thread, transact)

    async def close(self) -> None:
        """Let what runs end, and let go of the connection."""
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)
        self.engine.dispose()
