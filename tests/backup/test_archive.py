"""The file of a backup: who may read it, and what is refused."""

import zipfile
from pathlib import Path

import pytest

from app.backup import BackupError, backup, restore
from app.store import DEFAULT_ORGANISATION, Store
from app.store.migrate import head
from tests.backup import files
from tests.backup.rows import note, notes


async def test_another_schema_is_refused_with_what_to_do(sqlite_store: Store, file: Path) -> None:
    await backup(sqlite_store, file)
    ours = f'n": "{head()}"'.encode()
    files.change(file, "manifest.json", lambda text: text.replace(ours, b'n": "9001"'))

    with pytest.raises(BackupError, match=r"has the schema 9001 .*with the release that"):
        await restore(sqlite_store, file)


async def test_a_file_of_a_later_format_is_refused(sqlite_store: Store, file: Path) -> None:
    await backup(sqlite_store, file)
    files.change(file, "manifest.json", lambda text: text.replace(b'"format": 1', b'"format": 2'))

    with pytest.raises(BackupError, match="is of format 2"):
        await restore(sqlite_store, file)


async def test_a_file_that_broke_off_is_refused(sqlite_store: Store, file: Path) -> None:
    await backup(sqlite_store, file)
    files.break_off(file)

    with pytest.raises(BackupError, match="broke off"):
        await restore(sqlite_store, file)


async def test_a_file_with_a_changed_byte_is_refused(sqlite_store: Store, file: Path) -> None:
    for number in range(100):
        await note(sqlite_store.tenant(DEFAULT_ORGANISATION), f"{number * number}")
    await backup(sqlite_store, file)
    files.damage(file, "audit.jsonl")

    with pytest.raises(BackupError, match="damaged: its table audit"):
        await restore(sqlite_store, file, replace=True)
    assert len(await notes(sqlite_store)) == 100


async def test_a_zip_of_something_else_is_refused(sqlite_store: Store, file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("letter.txt", "Dear Sirs")

    with pytest.raises(BackupError, match="no backup of Cordboard"):
        await restore(sqlite_store, file)


async def test_a_file_is_not_written_over(sqlite_store: Store, file: Path) -> None:
    files.write(file, "precious")

    with pytest.raises(BackupError, match="is there already"):
        await backup(sqlite_store, file)
    assert files.read(file) == "precious"


async def test_only_the_owner_may_read_the_file(sqlite_store: Store, file: Path) -> None:
    await backup(sqlite_store, file)

    assert files.rights(file) == 0o600
    assert files.names(file) == ["store.zip"]


async def test_a_backup_that_fails_leaves_no_file(sqlite_store: Store, file: Path) -> None:
    def tell(_table: str, _rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await backup(sqlite_store, file, tell)
    assert files.names(file) == []
