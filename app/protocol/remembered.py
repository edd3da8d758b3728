"""Ids that were seen, as many as matter."""

from collections.abc import Mapping
from typing import cast

REMEMBERED = 256
NONE: Mapping[str, None] = {}  # shared, and never written to


class Remembered:
    """The newest ids, so that a long call does not grow: at least ``REMEMBERED``, at most twice."""

    __slots__ = ("_new", "_old")

    def __init__(self) -> None:
        self._new: Mapping[str, None] = NONE  # of most calls few are ever remembered
        self._old: Mapping[str, None] = NONE

    def __contains__(self, one: str) -> bool:
        return one in self._new or one in self._old

    def add(self, one: str) -> None:
        """Remember one more; the oldest are forgotten together."""
        if len(self._new) >= REMEMBERED:
            self._old, self._new = self._new, NONE
        if self._new is NONE:
            self._new = {}
        cast("dict[str, None]", self._new)[one] = None

    def newest(self, number: int) -> list[str]:
        """The last so many, in the order in which they came."""
        if number > len(self._new):
            return [*self._old, *self._new][-number:]
        return [*self._new][-number:]
