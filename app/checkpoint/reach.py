"""Reach: whether the bus answers, and when it is asked again while it does not."""

import time
from collections.abc import Callable
from typing import Final

import structlog

from app.bus import BusUnavailable
from app.checkpoint.counting import Counting
from app.logs import Event

__all__ = ["Reach"]

FIRST_WAIT: Final = 0.2
# Until it is asked again nothing is kept: a question a second is no burden to it.
LONGEST_WAIT: Final = 1.0

log = structlog.get_logger("cordboard.checkpoint")


class Reach:
    """What the parts of a node that use the bus know of it together.

    Attributes:
        is_away: Whether it did not answer the last time.
        wait: Seconds until it is asked again: few at first.
        when_back: Who is told once it answers again.
    """

    def __init__(self, counting: Counting) -> None:
        self._counting = counting
        self._since = 0.0
        self.when_back: list[Callable[[], object]] = []
        self.is_away = False
        self.wait = FIRST_WAIT

    def lost(self, error: BusUnavailable) -> None:
        """It did not answer; said once, until it does."""
        if self.is_away:
            self.wait = min(LONGEST_WAIT, self.wait * 2)
            return
        self.is_away, self._since = True, time.monotonic()
        self._counting.is_away = True
        log.error(Event.BUS_AWAY, reason=str(error), fix="calls go on; none can be taken over")

    def answered(self) -> None:
        """It did."""
        if self.is_away:
            self.is_away, self.wait = False, FIRST_WAIT
            self._counting.is_away = False
            log.warning(Event.BUS_BACK, seconds=round(time.monotonic() - self._since, 1))
            for tell in self.when_back:
                tell()
