"""When things happened by the clock on the wall, whatever the call's own clock says."""

import time
from dataclasses import replace

from app.twin import Entry


class Stopwatch:
    """Keeps a call's log in real time: a virtual clock stands still while an answer is owed.

    Attributes:
        entries: The log so far.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._began = time.monotonic()

    def take(self, entry: Entry) -> None:
        """Take an entry, now."""
        self.entries.append(replace(entry, time=time.monotonic() - self._began))
