"""Copy a whole store into a backup, and a backup into a store, of either engine.

What there is to copy stands in the metadata of the tables, so no new table can be forgotten. Rows
of all organisations are read here: for who runs the machine, and for nobody who asks over HTTP.
"""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.backup.archive import Archive, BackupError, Draft, Manifest, drafting, opened
from app.backup.values import Change, packers, stored_columns, unpackers
from app.organisation import DEFAULT_ORGANISATION
from app.store import Store, now
from app.store.migrate import head
from app.store.tables import METADATA
from app.store.tables.bus import LIVE_CALLS, NODES
from app.store.tables.organisations import ORGANISATIONS
from app.store.tables.people import PASSWORD_TOKENS, SESSIONS

__all__ = ["backup", "restore"]

BATCH: Final = 1000
"""Rows that are held at once."""

OF_THE_MOMENT: Final = (NODES, LIVE_CALLS)
"""What is not copied at all: which calls there are now, and where."""

PASSING: Final = (SESSIONS, PASSWORD_TOKENS)
"""What does not come back: who has signed out since then must not be signed in again."""

TABLES: Final = [table for table in METADATA.sorted_tables if table not in OF_THE_MOMENT]
"""What there is to copy, in an order in which references hold."""

Tell = Callable[[str, int], object]
"""Is told the table that is copied, and how many of its rows are done."""


async def backup(store: Store, path: Path, tell: Tell = lambda _table, _rows: None) -> Manifest:
    """Write all that is in a store, as it is at one moment, while others go on with it.

    Args:
        store: What to copy.
        path: The file, which must not be there yet.
        tell: Is told how far it is.

    Raises:
        BackupError: It cannot be written.
        StoreUnavailable: The store does not answer.
    """
    with drafting(path) as draft:
        async with store.reading() as connection:
            if not store.is_sqlite:  # where every statement would else see its own moment
                mode = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
                await connection.execute(sa.text(mode))
            for table in TABLES:
                await _copy_out(connection, table, draft, tell)
        return draft.finish(
            revision=head(),
            engine="sqlite" if store.is_sqlite else "postgresql",
            made_at=now().isoformat(timespec="seconds"),
            program=version("cordboard"),
        )


async def _copy_out(connection: AsyncConnection, table: sa.Table, draft: Draft, tell: Tell) -> None:
    columns = stored_columns(table)
    pack = packers(columns)
    query = sa.select(*columns).execution_options(yield_per=BATCH)
    with draft.table(table.name, [column.name for column in columns]) as lines:
        tell(table.name, 0)
        async with connection.stream(query) as found:
            async for rows in found.partitions():
                lines.write([_changed(row, pack) for row in rows])
                tell(table.name, lines.count)


async def restore(
    store: Store, path: Path, tell: Tell = lambda _table, _rows: None, *, replace: bool = False
) -> Manifest:
    """Put back all that a backup holds: all of it, or on any error nothing.

    Args:
        store: Where to; of either engine, with nothing in it yet.
        path: The backup.
        tell: Is told how far it is.
        replace: Remove first what is in the store.

    Raises:
        BackupError: The file is damaged or of another schema, or the store is not empty.
        StoreUnavailable: The store does not answer.
    """
    with opened(path) as archive:
        _check_schema(archive.manifest)
        async with store.writing() as connection:
            if not replace and (full := await _first_full(connection)):
                raise BackupError(
                    f"the store is not empty: there are rows in its table {full}; "
                    "restore into a new one, or add --replace to lose what it holds"
                )
            for table in reversed(METADATA.sorted_tables):
                await connection.execute(sa.delete(table))
            for table in TABLES:
                await _copy_in(connection, table, archive, tell)
                if not store.is_sqlite:
                    await _set_sequences(connection, table)
            for table in PASSING:
                await connection.execute(sa.delete(table))
        return archive.manifest


def _check_schema(manifest: Manifest) -> None:
    """Refuse what was made by a release with other tables.

    Raises:
        BackupError: With what to do about it.
    """
    ours = {table.name: {column.name for column in stored_columns(table)} for table in TABLES}
    theirs = {name: set(one.columns) for name, one in manifest.tables.items()}
    if manifest.revision != head() or ours != theirs:
        raise BackupError(
            f"the backup has the schema {manifest.revision} of Cordboard {manifest.program}, and "
            f"this release has {head()}: restore it with the release that made it, then start "
            "this one, which brings the store up to date"
        )


async def _first_full(connection: AsyncConnection) -> str | None:
    """The first table with rows in it, but for the organisation that every store has."""
    for table in TABLES:
        query = sa.select(sa.literal(1)).select_from(table).limit(1)
        if table is ORGANISATIONS:
            query = query.where(ORGANISATIONS.c.id != DEFAULT_ORGANISATION)
        if await connection.scalar(query):
            return table.name
    return None


async def _copy_in(
    connection: AsyncConnection, table: sa.Table, archive: Archive, tell: Tell
) -> None:
    columns = [table.c[name] for name in archive.manifest.tables[table.name].columns]
    names, unpack = [column.name for column in columns], unpackers(columns)
    done, rows = 0, archive.rows(table.name)
    tell(table.name, done)
    while batch := list(islice(rows, BATCH)):
        try:
            values = [dict(zip(names, _changed(row, unpack), strict=True)) for row in batch]
            await connection.execute(sa.insert(table), values)
        except (DBAPIError, ValueError, TypeError) as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise BackupError(
                f"the store refused rows {done + 1} to {done + len(batch)} of the table "
                f"{table.name}: {reason[:200]}; nothing was restored"
            ) from None
        done += len(batch)
        tell(table.name, done)


async def _set_sequences(connection: AsyncConnection, table: sa.Table) -> None:
    """Let PostgreSQL count on after the rows that were put in with their own numbers."""
    column = table.autoincrement_column
    if column is None:
        return
    sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
    last = sa.select(sa.func.max(column)).scalar_subquery()
    await connection.execute(
        sa.select(sa.func.setval(sequence, sa.func.coalesce(last, 1), last.is_not(None)))
    )


def _changed(row: Sequence[Any], changes: Sequence[Change | None]) -> list[Any]:
    pairs = zip(row, changes, strict=True)
    return [value if change is None else change(value) for value, change in pairs]
