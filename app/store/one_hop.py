"""SQLite with one hop to its thread for each statement.

SQLAlchemy's dialect for aiosqlite asks the thread of a connection four times for a statement: to
make a cursor, to execute, to fetch, to close. Each time two threads wait for each other and for the
interpreter's lock, which takes longer than SQLite itself. Here all four are done in one go.
"""

import sqlite3
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
    SQLiteDialect_aiosqlite,
)

__all__ = ["DRIVER", "Dialect"]

DRIVER: Final = "sqlite+cordboard"
"""What begins the address of such a store."""


@dataclass(frozen=True, slots=True)
class Done:
    """What SQLAlchemy wants to know of a cursor when all has been done with it."""

    description: Any = None
    rowcount: int = -1
    lastrowid: Any = None
    arraysize: int = 1


NOTHING_YET: Final = Done()


def run(
    connection: sqlite3.Connection, operation: str, parameters: Sequence[Any]
) -> tuple[Done, Sequence[Any]]:
    """Execute and fetch; in the connection's thread."""
    cursor = connection.execute(operation, parameters)
    try:
        rows = cursor.fetchall() if cursor.description else ()
        return Done(cursor.description, cursor.rowcount, cursor.lastrowid), rows
    finally:
        cursor.close()


def run_many(
    connection: sqlite3.Connection, operation: str, parameters: Sequence[Sequence[Any]]
) -> Done:
    """Execute once for each; in the connection's thread."""
    cursor = connection.executemany(operation, parameters)
    try:
        return Done(None, cursor.rowcount, cursor.lastrowid)
    finally:
        cursor.close()


class Cursor(AsyncAdapt_aiosqlite_cursor):
    """A cursor that is in the thread for as long as it works, and no longer."""

    __slots__ = ()

    _cursor: Any
    _connection: Any

    def _make_new_cursor(self, connection: Any) -> Any:
        return NOTHING_YET

    def _aenter_cursor(self, cursor: Any) -> Any:
        return cursor

    async def _async_soft_close(self) -> None:
        return

    def close(self) -> None:
        """Let go of the rows; there is nothing else."""
        self._rows.clear()

    async def _execute_async(self, operation: Any, parameters: Any) -> Any:
        async with self._adapt_connection._execute_mutex:
            self._cursor, rows = await self._connection._execute(
                run, self._connection._conn, operation, parameters or ()
            )
            self._rows = deque(rows)

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> Any:
        async with self._adapt_connection._execute_mutex:
            self._cursor = await self._connection._execute(
                run_many, self._connection._conn, operation, seq_of_parameters
            )


class Connection(AsyncAdapt_aiosqlite_connection):
    """A connection with such cursors; those that stream are as they were."""

    __slots__ = ()

    _cursor_cls = Cursor


class Dbapi(AsyncAdapt_aiosqlite_dbapi):
    """The driver with such connections."""

    def connect(self, *arg: Any, **kw: Any) -> AsyncAdapt_aiosqlite_connection:
        """A new connection, in a thread of its own."""
        return Connection(self, super().connect(*arg, **kw)._connection)


class Dialect(SQLiteDialect_aiosqlite):
    """SQLAlchemy's own, with that driver."""

    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> Dbapi:
        """The driver."""
        return Dbapi(__import__("aiosqlite"), __import__("sqlite3"))


registry.register(DRIVER.replace("+", "."), __name__, "Dialect")
