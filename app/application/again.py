"""Find the applications once more, with modules that are imported afresh."""

import importlib
import linecache
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import cache_from_source
from pathlib import Path

from app.application.application import Application
from app.application.discover import discover
from app.application.place import PACKAGES


def rediscover(folder: str | Path = ".") -> list[Application]:
    """What :func:`discover` finds now. Values that were found before stay as they are.

    Args:
        folder: The working folder.

    Raises:
        ConfigurationError: As in :func:`discover`; then the modules are again those from before.
    """
    forget_bytecode(Path(folder))
    linecache.checkcache()
    with fresh_modules():
        return discover(folder)


@contextmanager
def fresh_modules() -> Iterator[None]:
    """Forget what ``handlers`` and ``hooks`` hold; if what comes now fails, it is as before."""
    before = {name: sys.modules.pop(name) for name in authors_modules()}
    is_done = False
    try:
        yield
        is_done = True
    finally:
        if not is_done:
            for name in authors_modules():
                del sys.modules[name]
            sys.modules.update(before)


def authors_modules() -> list[str]:
    """The names of the modules of ``handlers`` and ``hooks`` that are imported."""
    return [name for name in [*sys.modules] if name.partition(".")[0] in PACKAGES]


def forget_bytecode(folder: Path) -> None:
    """Drop the compiled files: Python takes one for true if second and size of its source fit."""
    importlib.invalidate_caches()
    for source in [path for name in PACKAGES for path in (folder / name).rglob("*.py")]:
        with suppress(OSError, NotImplementedError):
            Path(cache_from_source(str(source))).unlink(missing_ok=True)
