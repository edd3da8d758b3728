"""Ids that were seen, as many as matter."""

from collections.abc import Set as AbstractSet
from typing import cast

REMEMBERED = 256
NONE: AbstractSet[str] = frozenset()


class Remembered:
    """The newest ids, so that a long call does not grow: at least ``REMEMBERED``, at most twice."""

    __slots__ = ("_new", "_old")

    def __init__(self) -> None:
        self._new: AbstractSet[str] = NONE  # of most calls few are ever remembered
        self._old: AbstractSet[str] = NONE

    def __contains__(self, one: str) -> bool:
        return one in self._new or one in self._old

    def add(self, one: str) -> None:
        """Remember one more; the oldest are forgotten together."""
        if len(self._new) >= REMEMBERED:
            self._old, self._new = self._new, NONE
        if self._new is NONE:
            self._new = set()
        cast("set[str]", self._new).add(one)
