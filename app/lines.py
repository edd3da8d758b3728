"""Where log lines go, and the short way there for lines of every turn and every tool call.

Such a line has few fields, all of them ours; so it is put together from ready parts, and written
with the others at the next flush, some twenty times a second. Whatever else is logged comes behind
the lines that wait, so the order is kept.
"""

import atexit
import time
from typing import Any, Final, Protocol, TextIO

import orjson

__all__ = ["QUICK", "Lines", "Logged"]

MOST_WAITING: Final = 512


class Logged(Protocol):
    """Whom a quick line is about.

    Attributes:
        log: Its logger.
        plain_log: The same logger, as long as nothing was bound to it beside the ids.
        log_ids: The ids as members of a JSON object, with a comma behind each.
    """

    log: Any
    plain_log: Any
    log_ids: bytes


class QuickLines:
    """Lines at level info whose fields need no masking."""

    def __init__(self) -> None:
        self._out: TextIO | None = None
        self._waiting: list[bytes] = []
        self._second = 0
        self._stamp = b""

    def use(self, out: TextIO | None) -> None:
        """Write JSON to ``out`` from now on; None sends every line the long way."""
        self.flush()
        self._out = out

    def info(self, event: str, about: Logged, fields: dict[str, Any]) -> None:
        """Log a line; ``fields`` are plain JSON values with nothing personal or secret in them."""
        if self._out is None or about.log is not about.plain_log:
            write_slowly = about.log.info
            write_slowly(event, **fields)
            return
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second = second
            self._stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)).encode()
        self._waiting.append(
            b'{"timestamp":"%b.%06dZ","level":"info","event":"%b",%b%b'
            % (
                self._stamp,
                (now - second) * 1e6,
                event.encode(),
                about.log_ids,
                orjson.dumps(fields)[1:],
            )
        )
        if len(self._waiting) >= MOST_WAITING:
            self.flush()

    def flush(self) -> None:
        """Write the lines that wait."""
        if self._waiting and self._out is not None:
            text = b"\n".join(self._waiting).decode() + "\n"
            self._waiting = []
            write(self._out, text)


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
