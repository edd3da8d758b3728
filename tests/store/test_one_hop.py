"""One hop to SQLite's thread for each statement: the same results, and fewer hops."""

import sqlite3
from typing import Any

import aiosqlite
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError

from app.store import DEFAULT_ORGANISATION, Store, new_id, now
from app.store.tables.organisations import ORGANISATIONS


def organisation(**values: Any) -> dict[str, Any]:
    known = {"id": new_id(), "name": "Pier", "settings": {}, "secrets": {}}
    return {**known, "created_at": now(), "updated_at": now(), **values}


@pytest.fixture
def hops(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Each time that the thread of a connection is asked for something."""
    seen: list[object] = []
    execute: Any = aiosqlite.Connection._execute

    async def counted(self: aiosqlite.Connection, what: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(what)
        return await execute(self, what, *args, **kwargs)

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    return seen


async def test_a_statement_is_one_hop(sqlite_store: Store, hops: list[object]) -> None:
    async with sqlite_store.reading() as connection:
        await connection.execute(sa.select(ORGANISATIONS))
        hops.clear()
        await connection.execute(sa.select(ORGANISATIONS))

        assert len(hops) == 1


async def test_many_rows_are_one_hop(sqlite_store: Store, hops: list[object]) -> None:
    async with sqlite_store.writing() as connection:
        await connection.execute(sa.select(ORGANISATIONS))
        hops.clear()
        added = await connection.execute(
            sa.insert(ORGANISATIONS), [organisation() for _ in range(50)]
        )

        assert len(hops) == 1
        assert added.rowcount == 50


async def test_rows_that_changed_are_counted_and_given_back(sqlite_store: Store) -> None:
    async with sqlite_store.writing() as connection:
        changed = sa.update(ORGANISATIONS).values(name="Quay")
        assert (await connection.execute(changed)).rowcount == 1
        returned = await connection.execute(changed.returning(ORGANISATIONS.c.id))
        assert returned.scalars().all() == [DEFAULT_ORGANISATION]
        nobody = changed.where(ORGANISATIONS.c.id == new_id())
        assert (await connection.execute(nobody)).rowcount == 0


async def test_rows_stream(sqlite_store: Store) -> None:
    async with sqlite_store.writing() as connection:
        await connection.execute(sa.insert(ORGANISATIONS), [organisation() for _ in range(50)])
    query = sa.select(ORGANISATIONS.c.id).execution_options(yield_per=7)
    async with sqlite_store.reading() as connection, connection.stream(query) as rows:
        assert len([row async for row in rows]) == 51


async def test_what_sqlite_refuses_is_the_same_error(sqlite_store: Store) -> None:
    one = organisation()
    with pytest.raises(IntegrityError, match="UNIQUE constraint failed") as refused:
        async with sqlite_store.writing() as connection:
            await connection.execute(sa.insert(ORGANISATIONS), [one, one])

    assert isinstance(refused.value.orig, sqlite3.IntegrityError)


async def test_a_connection_goes_on_after_an_error(sqlite_store: Store) -> None:
    async with sqlite_store._engines.reader.connect() as connection:
        with pytest.raises(OperationalError, match="no such table"):
            await connection.exec_driver_sql("SELECT * FROM nowhere")
        assert await connection.scalar(sa.select(sa.func.count()).select_from(ORGANISATIONS)) == 1
