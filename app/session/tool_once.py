"""What ran at most once in a call: an equal request gets the earlier answer, not a second run."""

from collections.abc import Iterable
from typing import Any

import orjson

from app.session.tool_run import said
from app.tool import phrases

MOST = 256
"""Requests that are remembered; of more, those that ended longest ago are forgotten."""
CARRIED = 16 * 1024
"""Bytes of results that a checkpoint carries, the newest first."""

ALREADY_DONE = orjson.dumps({"note": phrases.ALREADY_DONE})


class Once:
    """The requests that ran once, by their keys, the oldest first."""

    __slots__ = ("_results",)

    def __init__(self) -> None:
        # None: begun, and how it ended is not known; empty: it is done, and the result is gone.
        self._results: dict[str, bytes | None] = {}

    def __bool__(self) -> bool:
        return bool(self._results)

    def __contains__(self, key: str) -> bool:
        return key in self._results

    def begin(self, key: str) -> None:
        """A request is about to run."""
        if len(self._results) >= MOST:
            ended = (one for one, result in self._results.items() if result is not None)
            if (oldest := next(ended, None)) is not None:
                del self._results[oldest]
        self._results[key] = None

    def forget(self, key: str) -> None:
        """It did not run after all."""
        self._results.pop(key, None)

    def finish(self, key: str, result: bytes) -> None:
        """It has ended with this result."""
        self._results[key] = result

    def result(self, key: str) -> bytes | None:
        """What it has ended with, as far as that is known."""
        return self._results.get(key) or None

    def told(self, key: str) -> bytes | None:
        """What an equal request is told; None where there was none."""
        if key not in self._results:
            return None
        result = self._results[key]
        if result is None:
            return said(phrases.OUTCOME_UNKNOWN)
        if not result:
            return ALREADY_DONE
        return orjson.dumps({"note": phrases.ALREADY_DONE, "result": orjson.Fragment(result)})

    def capture(self) -> list[list[str | None]]:
        """All of it for a checkpoint, with as many of the newest results as have room."""
        left, kept = CARRIED, []
        for key, result in reversed(self._results.items()):
            left -= len(result or b"")
            shown = result if left >= 0 or not result else b""
            kept.append([key, None if shown is None else shown.decode()])
        return kept[::-1]

    def restore(self, kept: Iterable[Any]) -> None:
        """Take over what a checkpoint has."""
        self._results = {key: None if text is None else text.encode() for key, text in kept}
