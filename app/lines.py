"""Where log lines go, and the short way there for lines of every turn and every tool call.

Such a line has few fields, all of them ours; so it is put together from ready parts, and written
with the others at the next flush, some twenty times a second. Whatever else is logged comes behind
the lines that wait, so the order is kept.
"""

import atexit
import time
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, Final, Protocol, TextIO

import orjson

__all__ = ["CALL_IDS", "QUICK", "Lines", "Logged"]

MOST_WAITING: Final = 64

CALL_IDS: Final[ContextVar[Mapping[str, str]]] = ContextVar(
    "call_ids", default=MappingProxyType({})
)
"""The ids of the call that an author's code runs for; every line of theirs carries them."""


Line = tuple[float, str, str, bytes, Mapping[str, Any]]
"""When, level, event, the ids as text, and the fields."""


class Logged(Protocol):
    """Whom a quick line is about.

    Attributes:
        log: Its logger.
        is_log_plain: Whether nothing is bound to the logger but the ids.
        log_ids: The ids as members of a JSON object, with a comma behind each.
    """

    is_log_plain: bool
    log_ids: bytes

    @property
    def log(self) -> Any:
        """Its logger."""


class QuickLines:
    """Lines whose fields need no masking."""

    def __init__(self) -> None:
        self._out: TextIO | None = None
        self._keeps_pii = False
        self._always = b""
        self._waiting: list[Line] = []

    def use(
        self, out: TextIO | None, *, keeps_pii: bool = False, always: Mapping[str, str] = {}
    ) -> None:
        """Write JSON to ``out`` from now on; None sends every line the long way.

        Args:
            out: Where the lines go.
            keeps_pii: Whether personal data is logged.
            always: What every line has to say of this process.
        """
        self.flush()
        self._out, self._keeps_pii = out, keeps_pii
        self._always = orjson.dumps(always)[1:-1] + b"," if always else b""

    def info(
        self, event: str, about: Logged, fields: Mapping[str, Any], personal: Mapping[str, Any] = {}
    ) -> None:
        """Log a line at level info.

        Args:
            event: What it is about.
            about: Whom.
            fields: Plain JSON values with nothing personal or secret in them; not to be changed.
            personal: Values under ``pii.`` keys, which only the long way can keep.
        """
        if self._out is None or not about.is_log_plain or (personal and self._keeps_pii):
            write_slowly = about.log.info
            write_slowly(event, **fields, **personal)
        else:
            self._add("info", event, about, fields)

    def error(self, event: str, about: Logged, fields: Mapping[str, Any]) -> None:
        """Log a line at level error; see :meth:`info`."""
        if self._out is None or not about.is_log_plain:
            write_slowly = about.log.error
            write_slowly(event, **fields)
        else:
            self._add("error", event, about, fields)

    def _add(self, level: str, event: str, about: Logged, fields: Mapping[str, Any]) -> None:
        self._waiting.append((time.time(), level, event, about.log_ids, fields))
        if len(self._waiting) >= MOST_WAITING:
            self.flush()

    def flush(self) -> None:
        """Write the lines that wait."""
        waiting = self._waiting
        if waiting and self._out is not None:
            self._waiting = []
            write(self._out, b"".join(as_json(waiting, self._always)).decode())


def as_json(lines: Iterable[Line], always: bytes = b"") -> Iterator[bytes]:
    """Lines as they are written; the time is put together once a second."""
    last, stamp = 0, b""
    for at, level, event, ids, fields in lines:
        second = int(at)
        if second != last:
            last, stamp = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)).encode()
        yield b'{"timestamp":"%b.%06dZ","level":"%b","event":"%b",%b%b%b\n' % (
            stamp,
            (at - second) * 1e6,
            level.encode(),
            event.encode(),
            always,
            ids,
            orjson.dumps(fields)[1:],
        )


QUICK: Final = QuickLines()
atexit.register(QUICK.flush)


class Lines:
    """Where structlog's lines go."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def msg(self, line: str) -> None:
        """Write one line, behind those that wait."""
        QUICK.flush()
        write(self._out, line + "\n")

    debug = info = warning = error = critical = exception = log = msg


def write(out: TextIO, text: str) -> None:
    """Write at once. A log that cannot be written, a closed pipe say, must not end a call."""
    try:
        out.write(text)
        out.flush()
    except (OSError, ValueError):
        pass
