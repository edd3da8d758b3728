"""Words, their stems and their overlap: all the language that the offline model knows."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

WORD = re.compile(r"[^\W_]+(?:['’.:/@+-][^\W_]+)*")

QUESTION = re.compile(
    r"(?i)\s*(?:what|who|whom|whose|when|where|which|why|how|is|are|am|was|were|do|does|did|can"
    r"|could|will|would|should|has|have|may|tell me|do you know)\b(?:['’]s)?"
)


def listed(text: str) -> list[str]:
    """A list of words, written as one string because that is easier to read."""
    return text.split()


STOP = frozenset(
    listed(
        """a about actually all also am an and any anything are as at back be been but by can could
    did do does else for from get give go going got had has have hear hello help hey hi how i if in
    into is it its just know let like look lot make many may me much my need no not now of oh ok
    okay on one or our out please really right say she he so some something tell than thank thanks
    that the their them then there they thing this those to too up us use very want was we well
    were what when where which who whose why will with would yeah yes yet you your yours mine
    i'm i'd i'll it's that's what's where's who's how's there's don't can't let's you're caller
    user customer"""
    )
)

_SUFFIXES = ("ations", "ation", "ings", "ing", "ed", "es", "s", "e")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_BULLET = re.compile(r"^[\s#*•>-]+(?=\S)")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of an utterance: as it was written, folded to lower case, and its stem."""

    text: str
    low: str
    stem: str
    start: int
    end: int

    @property
    def is_capital(self) -> bool:
        """Whether it is written like a name."""
        return self.text[0].isupper() and self.text not in ("I", "I'm", "I'd", "I'll")

    @property
    def has_digit(self) -> bool:
        """Whether any character is a digit."""
        return any(char.isdigit() for char in self.text)


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """Cut the common endings off, so that "booking" and "book" meet."""
    low = re.sub(r"['’]s$", "", word.lower())
    if low.endswith("ies") and len(low) > 4:
        return low[:-3] + "y"
    for suffix in _SUFFIXES:
        if low.endswith(suffix) and len(low) - len(suffix) >= 3 and not low.endswith("ss"):
            low = low[: -len(suffix)]
            break
    if len(low) > 3 and low[-1] == low[-2]:
        low = low[:-1]
    return low.removesuffix("e") if len(low) > 3 else low


def stem_set(text: str) -> frozenset[str]:
    """The stems of a list of words, written as one string."""
    return frozenset(stem(word) for word in text.split())


@lru_cache(maxsize=2048)
def words(text: str) -> tuple[Word, ...]:
    """The words of a text in order."""
    found = WORD.finditer(text)
    return tuple(
        Word(m.group(), m.group().lower(), stem(m.group()), m.start(), m.end()) for m in found
    )


@lru_cache(maxsize=8192)
def content(text: str) -> frozenset[str]:
    """The stems of the words that carry meaning."""
    return frozenset(word.stem for word in words(text) if word.low.replace("’", "'") not in STOP)


@lru_cache(maxsize=2048)
def split_name(name: str) -> tuple[str, ...]:
    """Split an identifier such as `get_weather` or `cityName` into lower-case words."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return tuple(re.sub(r"[\W_]+", " ", spaced).lower().split())


def sentences(text: str) -> list[str]:
    """The sentences and lines of a text, without bullets."""
    parts = (_BULLET.sub("", part).strip() for part in _SENTENCE.split(text))
    return [part for part in parts if part]


def is_question(text: str) -> bool:
    """Whether it asks something."""
    return text.rstrip().endswith("?") or bool(QUESTION.match(text))


def join_words(items: Iterable[str], last: str = "and") -> str:
    """Join with commas, and a word before the last: "a, b and c"."""
    found = list(items)
    if len(found) < 2:
        return "".join(found)
    return f"{', '.join(found[:-1])} {last} {found[-1]}"


def sentence(text: str) -> str:
    """Begin with a capital and end with a mark."""
    text = text.strip()
    if not text:
        return ""
    closed = text if text.rstrip("\"”'’")[-1:] in (".", "!", "?", "…", ":") else f"{text}."
    return closed[0].upper() + closed[1:]
