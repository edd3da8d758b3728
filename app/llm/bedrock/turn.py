"""One request on its way through a thread, which another thread can stop."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Protocol

_current = threading.local()
_lock = threading.Lock()


class TurnStopped(Exception):
    """Nobody wants the turn any more."""


class Line(Protocol):
    """A connection that a turn may use, among others before and after it.

    It goes back to a pool when its answer was read, and may serve another turn when its former
    one is stopped, so that it is the connection which knows whose it is.
    """

    turn: "Turn | None"

    def cut(self) -> None:
        """End it, whatever it waits for."""
        ...


class Turn:
    """The work of one thread, and the connection it waits for.

    Attributes:
        is_stopped: True once `stop` was called.
    """

    def __init__(self) -> None:
        self.is_stopped = False
        self._line: Line | None = None

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Let the calling thread work for this turn.

        Raises:
            TurnStopped: If it was stopped before.
        """
        if self.is_stopped:
            raise TurnStopped
        _current.turn = self
        try:
            yield
        finally:
            _current.turn = None
            with _lock:
                self._line = None

    def stop(self) -> None:
        """Cut the connection, if there is one yet; safe from every thread, never blocks."""
        with _lock:
            self.is_stopped = True
            line, self._line = self._line, None
            if line is not None and line.turn is self:
                line.cut()

    def use(self, line: Line) -> None:
        """Take note of the connection.

        Raises:
            TurnStopped: If the turn was stopped while it was being connected.
        """
        with _lock:
            if self.is_stopped:
                raise TurnStopped
            line.turn = self
            self._line = line


def current_turn() -> Turn | None:
    """The turn that the calling thread works for."""
    return getattr(_current, "turn", None)
