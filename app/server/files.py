"""Open files: each call is one, and many systems allow a thousand where nobody asks for more."""

from contextlib import suppress
from typing import Final

import structlog

from app.logs import Event

__all__ = ["allow_open_files"]

SPARE: Final = 2000
"""For all that is no call: sockets without a first message, the store, what tools open."""

log = structlog.get_logger("cordboard.server")


def allow_open_files(calls: int) -> None:
    """Raise the limit of this process to what so many calls need, as far as it may.

    Args:
        calls: That may be live at once.
    """
    try:
        import resource  # noqa: PLC0415 - not on Windows, which has no such limit
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = calls + SPARE
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    wanted = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    with suppress(OSError, ValueError):  # as where a container forbids it
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed < needed:
        log.warning(
            Event.FEW_OPEN_FILES,
            allowed=allowed,
            needed=needed,
            fix="raise the hard limit (ulimit -Hn, LimitNOFILE=), or lower CORDBOARD_MAX_CALLS",
        )
