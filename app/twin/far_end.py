"""The scripted party at the other end: of a `dial`, a `transfer` or an outbound call."""

from collections.abc import Iterable
from typing import Literal

Outcome = Literal["answer", "stays", "busy", "no-answer", "declined", "failed"]
"""What the called party does.

`answer` picks up and rings off again, `stays` picks up and stays until `TwinCall.far_hangup`; the
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


class FarEnd:
    """Outcomes, one for each time that somebody is called; the last one repeats."""

    def __init__(self, outcomes: Iterable[Outcome]) -> None:
        self._outcomes = list(outcomes) or ["answer"]

    def next(self) -> Outcome:
        """What happens this time."""
        return self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
