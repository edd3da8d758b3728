"""When a delivery is tried again: soon at first, then ever more seldom, and never all at once."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

__all__ = ["next_attempt"]

FIRST: Final = 5.0
FACTOR: Final = 3.0
LONGEST: Final = 6 * 3600.0
SPREAD: Final = 0.25
ATTEMPTS_TO_LONGEST: Final = 9


def next_attempt(
    attempts: int,
    *,
    until: datetime,
    moment: datetime,
    draw: Callable[[float, float], float] = random.uniform,
) -> datetime | None:
    """The time of the next attempt; None where there is to be none.

    Args:
        attempts: How many there were, all of them in vain.
        until: After that it is given up.
        moment: Now.
        draw: A number between two, so that those who failed together do not come back together.
    """
    seconds = min(FIRST * FACTOR ** min(attempts - 1, ATTEMPTS_TO_LONGEST), LONGEST)
    following = moment + timedelta(seconds=seconds * draw(1 - SPREAD, 1 + SPREAD))
    return following if following <= until else None
