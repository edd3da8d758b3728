"""The rules: pure functions from what was seen to what is wrong with it."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from app.doctor.finding import Finding
from app.doctor.rules import acks, closing, commands, connecting, env, frames, outputs, verb_lists
from app.doctor.rules.seen import Seen

Rules = Callable[[Seen], Iterator[Finding]]

OF_A_CALL: tuple[Rules, ...] = (
    *connecting.RULES,
    *acks.RULES,
    *frames.RULES,
    *verb_lists.RULES,
    *commands.RULES,
    *outputs.RULES,
    *closing.RULES,
)
"""Every rule that looks at one call."""

__all__ = ["OF_A_CALL", "Seen", "env", "judge"]


def judge(seen: Seen) -> list[Finding]:
    """All that is wrong in one call."""
    return [
        replace(found, scenario=seen.transcript.scenario)
        for rule in OF_A_CALL
        for found in rule(seen)
    ]
