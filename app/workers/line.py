"""The line between a worker and its supervisor, as the worker sees it: its standard input."""

import asyncio
import json
import os
import signal
import socket
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

__all__ = ["DRAIN", "STEP_ASIDE", "Line"]

STDIN: Final = 0
DRAIN: Final = b"drain"
"""Let all calls go and end."""
STEP_ASIDE: Final = b"step aside"
"""Take nothing new any more, and keep the calls that are there."""


class Line:
    """A worker's end of the line.

    Args:
        end: One end of a pair of sockets.
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._end.setblocking(False)
        self._heard = b""

    @classmethod
    def of_stdin(cls) -> "Line | None":
        """Take the line from standard input, where it would be inherited by whatever is started.

        None where there is no such line: somebody else started this process.
        """
        if not stat.S_ISSOCK(os.fstat(STDIN).st_mode):
            return None
        end = socket.socket(fileno=os.dup(STDIN))
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, STDIN)
        os.close(nothing)
        return cls(end)

    def tell_ready(self, welcome: str) -> None:
        """Say that calls are answered here, and what a person is to read of it."""
        with suppress(OSError):  # who is to hear it has ended; that comes over the line as well
            self._end.send(json.dumps(welcome).encode() + b"\n")

    def follow(self, *, drain: Callable[[], object], step_aside: Callable[[], object]) -> None:
        """Do as the supervisor says; drain, too, where it has ended."""
        orders = {DRAIN: drain, STEP_ASIDE: step_aside}
        loop = asyncio.get_running_loop()
        loop.add_reader(self._end, self._hear, orders)
        # Who sends it to all processes means the supervisor, which renews this one in its turn.
        loop.add_signal_handler(signal.SIGHUP, self._leave_to_the_supervisor)

    def _leave_to_the_supervisor(self) -> None:
        """Nothing to do here; by default it would end the process."""

    def _hear(self, orders: Mapping[bytes, Callable[[], object]]) -> None:
        try:
            heard = self._end.recv(1024)
        except BlockingIOError:
            return
        except OSError:
            heard = b""
        if not heard:
            asyncio.get_running_loop().remove_reader(self._end)
            orders[DRAIN]()
            return
        *whole, self._heard = (self._heard + heard).split(b"\n")
        for order in whole:
            orders[order]()
