"""What is shown while calls are made: a bar on a terminal, a line now and then elsewhere."""

import time
from typing import TextIO

from app.sim.result import Plan, Result
from app.twin.transcript import shorten

WIDTH = 24
EVERY = 0.1
"""Seconds between two pictures of the bar."""


class Progress:
    """Counts calls and shows the counts.

    Args:
        out: Where to show them.
        total: How many calls there are.
        is_terminal: Whether `out` is a terminal, where a line can be written over.
        is_quiet: Show nothing.
    """

    def __init__(
        self, out: TextIO, total: int, *, is_terminal: bool, is_quiet: bool = False
    ) -> None:
        self.passed = self.failed = self.running = 0
        self._out = out
        self._total = total
        self._is_terminal = is_terminal
        self._is_quiet = is_quiet
        self._began = time.monotonic()
        self._shown_at = 0.0
        self._step = max(1, total // 10)

    def began(self, _: Plan) -> None:
        """Count a call that begins."""
        self.running += 1
        self._show_bar()

    def ended(self, result: Result) -> None:
        """Count a call that ended; a failed one is named at once."""
        self.running -= 1
        if result.passed:
            self.passed += 1
        else:
            self.failed += 1
            first = result.misses[0]
            self._say(f"failed  {result.plan.name}: {shorten(str(first), 200)}")
        done = self.passed + self.failed
        if not self._is_terminal and done % self._step == 0:
            self._say(self.counts())
        self._show_bar(at_once=done == self._total)

    def leave(self) -> None:
        """Clear the bar away."""
        if self._is_terminal:
            self._write("\r\x1b[K")

    def counts(self) -> str:
        """The counts in words."""
        done = self.passed + self.failed
        took = time.monotonic() - self._began
        rate = done / took if took else 0.0
        left = (self._total - done) / rate if rate else 0.0
        return (
            f"{done}/{self._total} calls  {self.passed} passed  {self.failed} failed  "
            f"{self.running} running  {rate:.1f}/s  {_minutes(left)} left"
        )

    def _say(self, text: str) -> None:
        if not self._is_quiet:
            before = "\r\x1b[K" if self._is_terminal else ""
            self._write(f"{before}{text}\n")

    def _show_bar(self, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if self._is_terminal and (at_once or now - self._shown_at >= EVERY):
            self._shown_at = now
            filled = WIDTH * (self.passed + self.failed) // max(1, self._total)
            bar = "█" * filled + "░" * (WIDTH - filled)
            self._write(f"\r\x1b[K{bar} {self.counts()}")

    def _write(self, text: str) -> None:
        if not self._is_quiet:
            self._out.write(text)
            self._out.flush()


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
