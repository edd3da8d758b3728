"""Who decides that the caller has finished, and whether the model is asked ahead of that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OWN_TURNS = ("deepgramflux", "assemblyai", "speechmatics")
"""Recognizers that decide by themselves, whatever `turnDetection` says."""

ALWAYS_EARLY = "deepgramflux"
DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class TurnTaking:
    """How an agent verb takes turns.

    Attributes:
        waits: Whether there is a wait after the transcript, until the turn has ended for sure; the
            recognizer's own silence is part of its time.
        factor: How much longer than usual that wait is: a lower threshold ends turns earlier.
        is_early: Whether the model is asked ahead of the end of the turn.
    """

    waits: bool = False
    factor: float = 1.0
    is_early: bool = False

    @classmethod
    def of(cls, verb: Mapping[str, Any]) -> "TurnTaking":
        """Read it from the verb."""
        vendor = str((verb.get("stt") or {}).get("vendor", "")).lower()
        speaks = verb.get("speak", True) is not False
        if vendor in OWN_TURNS:
            early = vendor == ALWAYS_EARLY and speaks
            return cls(waits=early, is_early=early)
        given = verb.get("turnDetection") or "stt"
        options = given if isinstance(given, Mapping) else {"mode": given}
        if options.get("mode") != "krisp":
            return cls()
        threshold = options.get("threshold", DEFAULT_THRESHOLD)
        factor = float(threshold) / DEFAULT_THRESHOLD if isinstance(threshold, int | float) else 1.0
        return cls(True, factor, is_early=bool(verb.get("earlyGeneration")) and speaks)
