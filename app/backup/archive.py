"""The file of a backup: a zip that holds a file of JSON lines for each table, and a manifest.

Nothing is ever held whole: rows stream into it and out of it. What zip keeps at its end tells
whether a file broke off, and its check sums whether it is damaged.
"""

import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import IO, Any, Final, Self, cast

__all__ = ["Archive", "BackupError", "Contents", "Draft", "Manifest", "drafting", "opened"]

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
LARGEST_MANIFEST: Final = 1024 * 1024
OWNER_ONLY: Final = 0o600
LEVEL: Final = 6

Row = Sequence[Any]


class BackupError(Exception):
    """No backup or no restore, and why; the message says what to do about it."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup holds of one table.

    Args:
        columns: Their names, in the order of the values of a row.
        rows: How many there are.
    """

    columns: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself.

    Args:
        format: Of the file; another one is for another release of this program.
        revision: Of the schema of the store.
        engine: Where it comes from, for people; it may go into another one.
        made_at: When, in ISO 8601.
        program: The version that made it.
        tables: What is in it, by name.
    """

    format: int
    revision: str
    engine: str
    made_at: str
    program: str
    tables: Mapping[str, Contents]

    @classmethod
    def read(cls, text: bytes) -> Self:
        """From JSON.

        Raises:
            ValueError, TypeError, KeyError: It is not what we write.
        """
        values = json.loads(text)
        if values["format"] != FORMAT:
            raise BackupError(
                f"the backup is of format {values['format']!r}, and this release reads format "
                f"{FORMAT}; restore it with Cordboard {values.get('program', 'of its time')}"
            )
        tables = {
            str(name): Contents(tuple(one["columns"]), int(one["rows"]))
            for name, one in values.pop("tables").items()
        }
        return cls(**values, tables=tables)


class Draft:
    """A backup that is being written."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self._tables: dict[str, Contents] = {}

    @contextmanager
    def table(self, name: str, columns: Sequence[str]) -> Iterator["Lines"]:
        """Begin a table and end it; its rows are given to what comes out."""
        with self._file.open(f"{name}.jsonl", "w", force_zip64=True) as raw:
            lines = Lines(raw)
            yield lines
        self._tables[name] = Contents(tuple(columns), lines.count)

    def finish(self, *, revision: str, engine: str, made_at: str, program: str) -> Manifest:
        """Write the manifest, which makes it a backup."""
        manifest = Manifest(FORMAT, revision, engine, made_at, program, self._tables)
        self._file.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1))
        return manifest


class Lines:
    """The rows of one table, as they are written."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self.count = 0

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows whose values JSON knows."""
        text = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
        self._raw.write(text.encode("ascii"))
        self.count += len(rows)


class Archive:
    """A backup that is read."""

    def __init__(self, file: zipfile.ZipFile, manifest: Manifest) -> None:
        self._file = file
        self.manifest = manifest

    def rows(self, name: str) -> Iterator[list[Any]]:
        """The rows of a table, one at a time.

        Raises:
            BackupError: The file is damaged, or holds more or fewer than it says.
        """
        expected, width = self.manifest.tables[name].rows, len(self.manifest.tables[name].columns)
        count = 0
        with _damage(name), self._file.open(f"{name}.jsonl") as raw:
            for line in TextIOWrapper(cast("BufferedReader", raw), encoding="ascii"):
                row = json.loads(line)
                if not isinstance(row, list) or len(row) != width:
                    raise ValueError(f"a row without {width} values")
                count += 1
                yield row
            if count != expected:
                raise ValueError(f"{count} rows instead of {expected}")


@contextmanager
def drafting(path: Path) -> Iterator[Draft]:
    """Write a backup; the file is there, readable by its owner alone, only when all went well.

    Raises:
        BackupError: There is such a file already, or it cannot be written.
    """
    if path.exists():
        raise BackupError(f"{path} is there already; name another file, or remove it")
    draft = path.with_name(path.name + ".part")
    try:
        with suppress(FileNotFoundError):
            draft.unlink()
        handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ONLY)
        try:
            with os.fdopen(handle, "wb") as raw:
                with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as file:
                    yield Draft(file)
                raw.flush()
                os.fsync(raw.fileno())
            draft.rename(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise BackupError(f"cannot write {path}: {error.strerror or error}") from None


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Read a backup.

    Raises:
        BackupError: It cannot be read, or is none.
    """
    try:
        file = zipfile.ZipFile(path)
    except OSError as error:
        raise BackupError(f"cannot read {path}: {error.strerror or error}") from None
    except zipfile.BadZipFile:
        raise BackupError(
            f"{path} is no backup, or one that broke off: its end is missing; take another one"
        ) from None
    with file:
        yield Archive(file, _manifest(path, file))


def _manifest(path: Path, file: zipfile.ZipFile) -> Manifest:
    try:
        with file.open(MANIFEST) as raw:
            return Manifest.read(raw.read(LARGEST_MANIFEST))
    except KeyError:
        raise BackupError(f"{path} is no backup of Cordboard: it has no {MANIFEST}") from None
    except (ValueError, TypeError, AttributeError, zipfile.BadZipFile, zlib.error, EOFError):
        raise BackupError(f"{path} is damaged: its {MANIFEST} cannot be read") from None


@contextmanager
def _damage(name: str) -> Iterator[None]:
    """Say of whatever a damaged file is found out by that it is damaged."""
    try:
        yield
    except (ValueError, zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError) as error:
        raise BackupError(
            f"the backup is damaged: its table {name} cannot be read ({error}); "
            "nothing was restored; take another one"
        ) from None
