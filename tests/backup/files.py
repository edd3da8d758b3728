"""Files of backups, and what may happen to them."""

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path


def change(file: Path, name: str, how: Callable[[bytes], bytes]) -> None:
    """Write the file anew with one of its parts changed."""
    with zipfile.ZipFile(file) as archive:
        parts = {one: archive.read(one) for one in archive.namelist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for one, text in parts.items():
            archive.writestr(one, how(text) if one == name else text)


def break_off(file: Path) -> None:
    """Lose the end of the file."""
    file.write_bytes(file.read_bytes()[:-50])


def damage(file: Path, name: str) -> None:
    """Turn over a byte in the middle of one of the parts."""
    whole = bytearray(file.read_bytes())
    with zipfile.ZipFile(file) as archive:
        entry = archive.getinfo(name)
    whole[entry.header_offset + 60 + entry.compress_size // 2] ^= 0xFF
    file.write_bytes(whole)


def rights(file: Path) -> int:
    """Who may do what with it."""
    return stat.S_IMODE(file.stat().st_mode)


def write(file: Path, text: str) -> None:
    """Have a file of somebody else's there."""
    file.write_text(text, encoding="utf-8")


def read(file: Path) -> str:
    """What is in such a file."""
    return file.read_text(encoding="utf-8")


def names(file: Path) -> list[str]:
    """The files beside it whose names begin like its own."""
    return [one.name for one in file.parent.glob(f"{file.stem}*")]
