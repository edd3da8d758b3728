"""``cordboard backup`` and ``cordboard restore``."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TextIO

from app.backup.archive import BackupError, Manifest
from app.backup.copying import backup, restore
from app.store import Store, StoreError, open_store

__all__ = ["add_backup_arguments", "add_restore_arguments", "run_backup", "run_restore"]

GOOD, BAD = 0, 1
ERASE_LINE: Final = "\r\x1b[K"

SAME_KEY: Final = (
    "Secrets in it stay sealed: they can be opened with the secret key of the server that sealed "
    "them only (CORDBOARD_SECRET_KEY, or its file in CORDBOARD_DATA_DIR). Keep that one apart."
)


def add_backup_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``cordboard backup``."""
    parser.add_argument("file", type=Path, metavar="FILE", help="file to write, such as store.zip")
    parser.epilog = (
        "Copies the store of the settings, as it is at one moment, while servers go on. "
        "The file holds personal data, and its owner alone may read it. " + SAME_KEY
    )


def add_restore_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``cordboard restore``."""
    parser.add_argument("file", type=Path, metavar="FILE", help="file that `backup` has written")
    parser.add_argument(
        "--replace", action="store_true", help="remove first what the store of the settings holds"
    )
    parser.epilog = (
        "Puts everything into the store of the settings, SQLite or PostgreSQL, wherever it came "
        "from; on any error nothing is changed. Stop the servers first. " + SAME_KEY
    )


def run_backup(args: argparse.Namespace, url: str) -> int:
    """Write a backup of the store at an address; gives the exit code."""
    progress = Progress(sys.stderr)

    async def work(store: Store) -> Manifest:
        return await backup(store, args.file, progress.tell)

    return _run(url, work, progress, f"{args.file} holds")


def run_restore(args: argparse.Namespace, url: str) -> int:
    """Restore a backup into the store at an address; gives the exit code."""
    progress = Progress(sys.stderr)

    async def work(store: Store) -> Manifest:
        return await restore(store, args.file, progress.tell, replace=args.replace)

    return _run(url, work, progress, "The store holds")


class Progress:
    """One line at a terminal that is written anew; nothing elsewhere."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._is_shown = out.isatty()

    def tell(self, table: str, rows: int) -> None:
        """Show how far a table is."""
        if self._is_shown:
            self._write(f"{table}  {rows:,}")

    def end(self) -> None:
        """Leave no line behind."""
        if self._is_shown:
            self._write("")

    def _write(self, text: str) -> None:
        self._out.write(ERASE_LINE + text)
        self._out.flush()


def _run(
    url: str, work: Callable[[Store], Awaitable[Manifest]], progress: Progress, begin: str
) -> int:
    try:
        manifest = asyncio.run(_with_store(url, work))
    except (BackupError, StoreError) as error:
        progress.end()
        sys.stderr.write(f"cordboard: {error}\n")
        return BAD
    progress.end()
    rows = sum(one.rows for one in manifest.tables.values())
    sys.stdout.write(f"{begin} {rows:,} rows of {len(manifest.tables)} tables. {SAME_KEY}\n")
    return GOOD


async def _with_store(url: str, work: Callable[[Store], Awaitable[Manifest]]) -> Manifest:
    store = await open_store(url)
    try:
        return await work(store)
    finally:
        await store.close()
