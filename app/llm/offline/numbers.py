"""Numbers in what a caller says, in digits or in words."""

import re
from dataclasses import dataclass

from app.llm.offline.words import listed

_UNITS = {
    word: value
    for value, word in enumerate(
        listed(
            """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
        fifteen sixteen seventeen eighteen nineteen"""
        )
    )
}
_TENS = {
    word: 10 * value
    for value, word in enumerate(
        listed("twenty thirty forty fifty sixty seventy eighty ninety"), start=2
    )
}
_NAMED = "|".join((*_TENS, *_UNITS))
_NUMBER = re.compile(
    rf"(?i)(?<![\w.:])(?P<digits>-?\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|-?\d+(?:\.\d+)?)(?![\w:]|\.\d)"
    rf"|\b(?P<words>(?:{_NAMED})(?:[\s-]+(?:{_NAMED}|hundred|thousand|and))*)\b"
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number that was said, and where it stands in the text."""

    value: float
    start: int
    end: int


def find_numbers(text: str) -> list[Number]:
    """All numbers of a text, in order."""
    found = []
    for match in _NUMBER.finditer(text):
        digits = match["digits"]
        value = float(digits.replace(",", "")) if digits else _value(match["words"])
        found.append(Number(value, match.start(), match.end()))
    return found


def _value(words: str) -> float:
    total = part = 0
    for word in re.split(r"[\s-]+", words.lower()):
        if word == "hundred":
            part = (part or 1) * 100
        elif word == "thousand":
            total, part = total + (part or 1) * 1000, 0
        else:
            part += _UNITS.get(word, 0) + _TENS.get(word, 0)
    return float(total + part)
