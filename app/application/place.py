"""Where in the author's own files something is or went wrong."""

from pathlib import Path
from traceback import walk_tb
from types import FrameType

PACKAGES = ("hooks", "handlers")
"""The packages of an author's code, in the order in which they are imported."""


def is_authors(frame: FrameType) -> bool:
    """Whether this frame runs code of ``handlers/`` or ``hooks/``."""
    module: object = frame.f_globals.get("__name__")
    return isinstance(module, str) and module.partition(".")[0] in PACKAGES


def place_of(error: BaseException) -> str:
    """File and line, such as ``hooks/weather.py:42``: the last of the author's; else empty."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{shown(error.filename)}:{error.lineno or 1}"
    own = [(frame, line) for frame, line in walk_tb(error.__traceback__) if is_authors(frame)]
    return f"{shown(own[-1][0].f_code.co_filename)}:{own[-1][1]}" if own else ""


def shown(filename: str) -> str:
    """A file's path from ``handlers/`` or ``hooks/`` on; others in full."""
    parts = Path(filename).parts
    starts = [index for index, part in enumerate(parts[:-1]) if part in PACKAGES]
    return "/".join(parts[starts[-1] :]) if starts else filename
