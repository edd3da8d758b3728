"""How long something takes, when it does not always take as long."""

import difflib
import math
import re
from dataclasses import dataclass
from random import Random
from typing import Literal, cast

Shape = Literal["fixed", "uniform", "normal", "lognormal"]

_CALL = re.compile(r"(\w+)\(([^()]*)\)")
_TAKES = {"fixed": 1, "uniform": 2, "normal": 2, "lognormal": 2}


class BadSpread(ValueError):
    """What was written is no spread; the message is one line that says why."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution of seconds.

    Attributes:
        shape: `fixed` (the seconds), `uniform` (least, most), `normal` (mean, deviation) or
            `lognormal` (median, deviation of the logarithm).
        numbers: What the shape takes.
    """

    shape: Shape = "fixed"
    numbers: tuple[float, ...] = (0.0,)

    @classmethod
    def parse(cls, text: "str | float | Spread") -> "Spread":
        """Read `0.3`, `uniform(0.1, 0.3)`, `normal(0.3, 0.05)` or `lognormal(0.3, 0.4)`.

        Raises:
            BadSpread: If it is none of them.
        """
        if isinstance(text, Spread):
            return text
        found = _CALL.fullmatch(str(text).strip())
        name, inside = (found[1], found[2]) if found else ("fixed", str(text))
        if name not in _TAKES:
            close = difflib.get_close_matches(name, _TAKES, 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise BadSpread(f"{text!r}: expected one of {', '.join(_TAKES)}{hint}")
        numbers = _numbers(str(text), inside)
        if len(numbers) != _TAKES[name]:
            raise BadSpread(f"{text!r}: {name} takes {_TAKES[name]} numbers, got {len(numbers)}")
        return cls(cast("Shape", name), numbers)

    @property
    def is_nothing(self) -> bool:
        """Whether it never takes any time."""
        return self.shape == "fixed" and self.numbers == (0.0,)

    def draw(self, chance: Random) -> float:
        """One value in whole milliseconds, never below 0."""
        first, second = (*self.numbers, 0.0)[:2]
        match self.shape:
            case "uniform":
                value = chance.uniform(first, second)
            case "normal":
                value = chance.gauss(first, second)
            case "lognormal":
                value = first * math.exp(chance.gauss(0.0, second))
            case _:
                value = first
        return round(max(value, 0.0), 3)


def _numbers(text: str, inside: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(part) for part in inside.split(","))
    except ValueError:
        shapes = "a number of seconds, uniform(a, b), normal(mean, deviation) or lognormal(…)"
        raise BadSpread(f"{text!r}: expected {shapes}") from None
    if any(not math.isfinite(number) or number < 0 for number in numbers):
        raise BadSpread(f"{text!r}: expected numbers of seconds, 0 or more")
    return numbers
