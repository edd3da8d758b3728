"""How long the tests here run: short in the suite, long with ``make chaos``."""

from hypothesis import settings

LONG = "explore"


def choose(short: int, long: int) -> int:
    """One of the two, by the profile that Hypothesis runs with."""
    return long if settings.get_current_profile_name() == LONG else short
