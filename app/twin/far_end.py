"""The scripted party at the other end: of a `dial`, a `transfer` or an outbound call."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["answer", "stays", "busy", "no-answer", "declined", "failed"]
"""What the called party does.

`answer` picks up and rings off again, `stays` picks up and stays until it is told to hang up; the
others never pick up.
"""

SIP: dict[Outcome, tuple[str, int, str]] = {
    "answer": ("in-progress", 200, "OK"),
    "stays": ("in-progress", 200, "OK"),
    "busy": ("busy", 486, "Busy Here"),
    "no-answer": ("no-answer", 480, "Temporarily Unavailable"),
    "declined": ("failed", 603, "Decline"),
    "failed": ("failed", 503, "Service Unavailable"),
}
"""The `call_status`, SIP status and reason that each outcome ends in."""


@dataclass(frozen=True, slots=True)
class Party:
    """A called party.

    Attributes:
        does: What it does; an `Outcome` alone stands for a person who does so.
        who: Who picks up. `nobody` picks up and is silent.
        greeting: What is said first; something fitting where it is empty.
        beep: Whether a machine's greeting ends in a beep.
        early_media: Whether there is sound before the answer: a status of its own.
    """

    does: Outcome = "stays"
    who: Literal["human", "machine", "nobody"] = "human"
    greeting: str = ""
    beep: bool = False
    early_media: bool = False

    @property
    def picks_up(self) -> bool:
        """Whether the call is answered."""
        return self.does in ("answer", "stays")


def party(called: Outcome | Party) -> Party:
    """Read what a test says about a called party."""
    return called if isinstance(called, Party) else Party(called)


class FarEnd:
    """Parties, one for each time that somebody is called; the last one repeats."""

    def __init__(self, called: Iterable[Outcome | Party]) -> None:
        self._parties = [party(each) for each in called] or [Party("answer")]

    def next(self) -> Party:
        """Who is called this time."""
        return self._parties.pop(0) if len(self._parties) > 1 else self._parties[0]
