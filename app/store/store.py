"""Store: what outlives a process, in SQLite or PostgreSQL."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.store.engine import LOCKED, SOON, Engines, open_engines
from app.store.errors import StoreError, StoreUnavailable
from app.store.migrate import migrate
from app.store.tenant import Tenant

__all__ = ["Store", "open_store"]

P = ParamSpec("P")
T = TypeVar("T")
AWAY: Final = ("08", "25006", "28", "3D", "40", "53", "55P03", "57", "58")
"""What PostgreSQL's codes begin with while it starts, stops, is full, has no connection left, lets
nobody in or write, or gives way to somebody else: later the same may be done."""


class Store:
    """An open store.

    Args:
        engines: The way to it, its schema up to date.
    """

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    @property
    def is_sqlite(self) -> bool:
        """Which of the two engines it is."""
        return self._engines.is_sqlite

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only looks.

        Raises:
            StoreUnavailable: The store does not answer.
        """
        async with _transaction(self._engines.reader) as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that changes something: all of it at the end of the block, or nothing.

        Raises:
            StoreUnavailable: The store does not answer.
        """
        async with _transaction(self._engines.writer) as connection:
            yield connection

    async def look(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What a function finds in a transaction that only looks; it cannot await.

        Raises:
            StoreUnavailable: The store does not answer.
        """
        async with self.reading() as connection:
            return await connection.run_sync(work, *args, **kwargs)

    async def change(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What a function gives that changes something in a transaction; it cannot await.

        In SQLite it runs in one go, in a thread of its own. The statements of :meth:`writing` each
        wait for a turn of the loop, and hold the lock of the file meanwhile: where processes share
        the file and are busy, that is most of the time.

        Raises:
            StoreUnavailable: The store does not answer.
        """
        with _told_when_away():
            if (thread := self._engines.thread) is not None:
                return await thread.run(work, *args, **kwargs)
            async with self._engines.writer.begin() as connection:
                return await connection.run_sync(work, *args, **kwargs)

    async def scrub(self) -> None:
        """Leave nothing of what was removed in SQLite's journal, as far as nobody reads just now.

        Raises:
            StoreUnavailable: The store does not answer.
        """
        if not self.is_sqlite:
            return
        with _told_when_away():
            async with self._engines.writer.connect() as connection:  # within no transaction
                raw = await connection.get_raw_connection()
                driver: Any = raw.driver_connection
                await driver.execute_fetchall(f"PRAGMA busy_timeout={LOCKED * 1000}")
                try:
                    await driver.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
                finally:
                    await driver.execute_fetchall(f"PRAGMA {SOON}")

    def tenant(self, organisation_id: str, actor: str = "system") -> Tenant:
        """All that one organisation has, for somebody who acts for it."""
        return Tenant(self, organisation_id, actor)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._engines.close()


@asynccontextmanager
async def _transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    with _told_when_away():
        async with engine.begin() as connection:
            yield connection


@contextmanager
def _told_when_away() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if not _is_away(error):
            raise
        raise StoreUnavailable(_reason(error.orig or error)) from error
    except (NoConnection, OSError) as error:
        raise StoreUnavailable(_reason(error)) from error


def _is_away(error: DBAPIError) -> bool:
    """Whether it is the store that fails, and not what it was asked."""
    state = str(getattr(error.orig, "sqlstate", None) or "")
    known = error.connection_invalidated or isinstance(error, OperationalError)
    return known or state.startswith(AWAY)


def _reason(error: BaseException) -> str:
    """The first line of what a driver says; it names no value of ours."""
    lines = str(error).splitlines() or [type(error).__name__]
    return f"the store does not answer: {lines[0]}"


async def open_store(url: str) -> Store:
    """Open a store and bring its schema up to date.

    Args:
        url: ``sqlite:///path/of/file.db`` or ``postgresql://user:password@host/name``.

    Raises:
        StoreError: It cannot be used: the address, the server or the schema is not right.
    """
    engines = open_engines(url)
    async with AsyncExitStack() as unless_open:
        unless_open.push_async_callback(engines.close)
        try:
            await migrate(engines)
        except (DBAPIError, NoConnection, OSError) as error:
            raise StoreError(_reason(getattr(error, "orig", None) or error)) from None
        unless_open.pop_all()
    return Store(engines)
