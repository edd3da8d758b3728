"""Backup and restore: the whole store in one file, and back, into either engine."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.backup import BackupError, backup, restore
from app.bus import StoreBus
from app.store import DEFAULT_ORGANISATION, Store, open_store
from app.store.tables import METADATA
from app.store.tables.audit import AUDIT
from app.store.tables.bus import LIVE_CALLS, NODES
from app.store.tables.people import PASSWORD_TOKENS, SESSIONS
from tests.backup import files
from tests.backup.rows import fill, note, notes, read
from tests.bus.tables import entry
from tests.store.library import add, make_shop
from tests.store_fixtures import another_tenant


async def test_every_table_comes_back_as_it_was_in_either_engine(
    store: Store, target: Store, file: Path
) -> None:
    await fill(store)
    manifest = await backup(store, file)
    await restore(target, file)

    of_the_moment = {NODES.name, LIVE_CALLS.name}
    assert manifest.tables.keys() == METADATA.tables.keys() - of_the_moment
    assert all(one.rows >= 2 for one in manifest.tables.values())
    gone = {SESSIONS.name, PASSWORD_TOKENS.name, *of_the_moment}
    passing: dict[str, list[tuple[object, ...]]] = {name: [] for name in gone}
    assert await read(target) == await read(store) | passing


async def test_passages_are_found_as_before_in_either_engine(
    store: Store, target: Store, file: Path
) -> None:
    """The full-text index comes back too, and knows of what is added later."""
    base = await make_shop(store.tenant(DEFAULT_ORGANISATION))
    await backup(store, file)
    await restore(target, file)
    moved = target.tenant(DEFAULT_ORGANISATION)
    await add(moved, base, "Parking", "Bicycles are left behind the house.")

    for question in ("How do I get a refund?", "creme brulee", "Is it open when it rains?"):
        before = await store.tenant(DEFAULT_ORGANISATION).passages.search([base], question)
        assert [one.content for one in before] == [
            one.content for one in await moved.passages.search([base], question)
        ]
    assert len(await moved.passages.search([base], "bicycles")) == 1


async def test_rows_are_counted_on_after_those_that_came_back(
    store: Store, target: Store, file: Path
) -> None:
    for number in range(3):
        await note(store.tenant(DEFAULT_ORGANISATION), str(number))
    await backup(store, file)
    await restore(target, file)
    await note(target.tenant(DEFAULT_ORGANISATION), "3")

    assert await notes(target) == ["0", "1", "2", "3"]


async def test_rows_are_counted_from_the_first_where_none_came_back(
    store: Store, target: Store, file: Path
) -> None:
    await backup(store, file)
    await restore(target, file)
    await note(target.tenant(DEFAULT_ORGANISATION))

    assert await notes(target) == ["1"]


async def test_more_rows_than_are_held_at_once_come_back(store: Store, file: Path) -> None:
    told: list[tuple[str, int]] = []
    async with store.writing() as connection:
        row = {"organisation_id": DEFAULT_ORGANISATION, "actor": "test", "action": "create"}
        one = {**row, "noun": "agent", "noun_id": "1", "at": sa.func.now()}
        await connection.execute(sa.insert(AUDIT).values([one] * 500))
        for _ in range(5):
            same = sa.select(*(column for column in AUDIT.c if column.name != "id")).limit(500)
            names = [column.name for column in AUDIT.c if column.name != "id"]
            await connection.execute(sa.insert(AUDIT).from_select(names, same))
    await backup(store, file, lambda table, rows: told.append((table, rows)))
    await restore(store, file, replace=True)

    assert [rows for table, rows in told if table == "audit"] == [0, 1000, 2000, 3000]
    assert len(await notes(store)) == 3000


async def test_a_backup_shows_one_moment(store: Store, store_url: str, file: Path) -> None:
    """What is written meanwhile, even into tables whose turn is yet to come, is not in it."""
    await note(store.tenant(DEFAULT_ORGANISATION), "before")

    async def write() -> None:
        other = await open_store(store_url)
        await note(other.tenant(DEFAULT_ORGANISATION), "meanwhile")
        await other.close()

    def tell(table: str, rows: int) -> None:
        if table == "organisations" and rows:
            with ThreadPoolExecutor(1) as elsewhere:
                elsewhere.submit(asyncio.run, write()).result()

    await backup(store, file, tell)
    assert await notes(store) == ["before", "meanwhile"]
    await restore(store, file, replace=True)

    assert await notes(store) == ["before"]


async def test_a_store_that_is_not_empty_is_left_alone(store: Store, file: Path) -> None:
    await backup(store, file)
    await note(store.tenant(DEFAULT_ORGANISATION))

    with pytest.raises(BackupError, match=r"not empty: there are rows in its table audit.*--repl"):
        await restore(store, file)
    assert await notes(store) == ["1"]


async def test_calls_of_the_moment_are_removed_by_a_restore_and_their_epochs_go_on(
    store: Store, file: Path
) -> None:
    bus = StoreBus(store)
    (first,) = (await bus.write("one", [entry()])).epochs.values()
    await backup(store, file)
    await restore(store, file)

    assert await bus.owner("call") is None
    assert (await bus.write("one", [entry()])).epochs["call"] > first


async def test_a_second_organisation_counts_as_not_empty(sqlite_store: Store, file: Path) -> None:
    await backup(sqlite_store, file)
    await another_tenant(sqlite_store)

    with pytest.raises(BackupError, match="in its table organisations"):
        await restore(sqlite_store, file)


async def test_a_restore_that_fails_changes_nothing(store: Store, file: Path) -> None:
    await note(store.tenant(DEFAULT_ORGANISATION))
    await backup(store, file)
    await note(store.tenant(DEFAULT_ORGANISATION), "2")
    files.change(file, "audit.jsonl", lambda text: text + b"[]\n")

    with pytest.raises(BackupError, match=r"damaged: its table audit .*nothing was restored"):
        await restore(store, file, replace=True)
    assert await notes(store) == ["1", "2"]


async def test_a_row_that_the_store_refuses_is_named(store: Store, file: Path) -> None:
    await note(store.tenant(DEFAULT_ORGANISATION))
    await backup(store, file)
    files.change(file, "audit.jsonl", lambda text: text.replace(b'"create"', b"null"))

    with pytest.raises(BackupError, match="refused rows 1 to 1 of the table audit"):
        await restore(store, file, replace=True)
