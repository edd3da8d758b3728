"""Failures of an author's code: each is told, and the traceback of a repeated one now and then."""

import time
from typing import Any

# How long a place in an author's code fails quietly after its traceback was written. To render one
# takes longer than most calls' messages, so what fails again and again would be heard by others.
QUIET_SECONDS = 10.0
MOST_PLACES = 256

Place = tuple[type[BaseException], Any, int]


class Failures:
    """Which places have failed of late."""

    __slots__ = ("_told",)

    def __init__(self) -> None:
        self._told: dict[Place, float] = {}

    def is_news(self, error: BaseException) -> bool:
        """Whether the traceback of an error should be written: the first from its place, or the
        first for a while.
        """
        now, place = time.monotonic(), place_of(error)
        told = self._told.get(place)
        if told is not None and now - told < QUIET_SECONDS:
            return False
        if len(self._told) >= MOST_PLACES:
            self._told.clear()
        self._told[place] = now
        return True


def place_of(error: BaseException) -> Place:
    """What was raised, and by which line."""
    traceback = error.__traceback__
    if traceback is None:
        return type(error), None, 0
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return type(error), traceback.tb_frame.f_code, traceback.tb_lineno
