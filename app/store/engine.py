"""Engines: the way to SQLite or PostgreSQL, one code path above it.

SQLite takes one writer at a time. Those who wait for it wait here, in a pool of one connection, and
so in order, instead of in SQLite, which would ask again and again. Other processes cannot be waited
for so: see :func:`take_turn`. A transaction that writes takes the lock at once (``BEGIN
IMMEDIATE``): one that reads first and then writes would be refused without a wait when another has
written meanwhile.
"""

import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.store.errors import StoreError
from app.store.thread import WriterThread

__all__ = ["LOCKED", "SOON", "Engines", "open_engines"]

READERS = 4
CONNECTIONS = 10
PATIENCE = 30
"""Seconds that a transaction waits for its turn: a crowd is slow, but not refused."""
LOCKED = 15
"""Seconds that it waits for other processes to let go of the file."""
SOON = "busy_timeout=12"
"""Milliseconds of asking after pauses of 1, 2 and 5 of them."""
PRAGMAS = (
    *(f"busy_timeout={LOCKED * 1000}", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"),
    "secure_delete=ON",  # what is erased is overwritten, and not only no longer found
)
WRITING = "BEGIN IMMEDIATE"
KNOWN = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}
EXPECTED = "expected sqlite:///path/of/file.db or postgresql://user:password@host/name"


@dataclass(frozen=True, slots=True)
class Engines:
    """Where transactions run; in PostgreSQL both are the same one.

    Attributes:
        writer: For those that change something.
        reader: For those that only look.
        thread: For those that change something in one go; None in PostgreSQL.
    """

    writer: AsyncEngine
    reader: AsyncEngine
    thread: WriterThread | None = None

    @property
    def is_sqlite(self) -> bool:
        """Whether the store is a file of this machine."""
        return self.writer.dialect.name == "sqlite"

    async def close(self) -> None:
        """Let go of all connections."""
        if self.thread is not None:
            await self.thread.close()
        await self.writer.dispose()
        if self.reader is not self.writer:
            await self.reader.dispose()


def open_engines(url: str) -> Engines:
    """Engines for an address; nothing is connected yet.

    Args:
        url: ``sqlite:///relative.db``, ``sqlite:////absolute.db`` or ``postgresql://…``.

    Raises:
        StoreError: It is no such address, or the folder of the file cannot be made.
    """
    address = read_url(url)
    if address.drivername == KNOWN["postgresql"]:
        engine = create_async_engine(
            address,
            pool_size=CONNECTIONS,
            max_overflow=CONNECTIONS,
            pool_timeout=PATIENCE,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"timeout": 5, "command_timeout": 60},
        )
        return Engines(engine, engine)
    make_folder(Path(str(address.database)))
    # What an error says ends in a log: no value of ours may be in it.
    alike = {"max_overflow": 0, "pool_timeout": PATIENCE, "hide_parameters": True}
    writer = create_async_engine(address, pool_size=1, **alike)
    reader = create_async_engine(address, pool_size=READERS, **alike)
    in_thread = sa.create_engine(address.set(drivername="sqlite"), pool_size=1, **alike)
    prepare(writer.sync_engine, WRITING, SOON)
    prepare(reader.sync_engine, "BEGIN DEFERRED", "query_only=ON")
    prepare(in_thread, WRITING, SOON)
    return Engines(writer, reader, WriterThread(in_thread))


def read_url(url: str) -> URL:
    """The address with our driver in it."""
    try:
        address = make_url(url)
    except ArgumentError:
        raise StoreError(EXPECTED) from None
    driver = KNOWN.get(address.get_backend_name())
    if driver is None or "+" in address.drivername:
        raise StoreError(EXPECTED)
    if driver == KNOWN["sqlite"] and address.database in (None, "", ":memory:"):
        raise StoreError(f"{EXPECTED}; a store in memory would be lost with every connection")
    return address.set(drivername=driver)


def make_folder(file: Path) -> None:
    """Where the file is to be; a new one is for its owner only, since it holds personal data."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
    except OSError as error:
        raise StoreError(f"cannot keep the store in {file}: {error.strerror}") from None


def prepare(engine: sa.Engine, begin: str, *more: str) -> None:
    """Set up every connection of SQLite, and let transactions begin as they have to."""

    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we begin transactions ourselves
        cursor = connection.cursor()
        for pragma in (*PRAGMAS, *more):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def begun(connection: sa.Connection) -> None:
        if begin != WRITING or not take_turn(connection):
            connection.exec_driver_sql(begin)

    sa.event.listen(engine, "connect", connected)
    sa.event.listen(engine, "begin", begun)


def take_turn(connection: sa.Connection) -> bool:
    """Begin to write once no other process does; False where that cannot be.

    SQLite by itself asks again after pauses that grow up to 100 ms. Who comes anew, as a process
    with much to write does at once, is quicker then, and who waits may wait for seconds.
    """
    until = time.monotonic() + LOCKED
    cursor = connection.connection.cursor()
    try:
        while time.monotonic() < until:
            try:
                cursor.execute(WRITING)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    break
            else:
                return True
    finally:
        cursor.close()
    return False
