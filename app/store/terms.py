"""Terms: what a text is found by, the same for both engines.

SQLite and PostgreSQL each cut texts into words by rules of their own, and would find different
passages for one question. So we cut, and hand them the terms. They are words in lower case without
accents and without the endings that change most: an opening hour, the opening hours, "heure" and
"heures" are the same. The rules suit English, and do no harm elsewhere: what they do to a question
they do to the texts.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR

__all__ = ["LONGEST", "Terms", "mark_of", "occurrences", "terms_of", "wanted_terms"]

LONGEST: Final = 40
"""Characters of a term; what is longer is cut."""

MOST_WANTED: Final = 24
_MOST_POSITIONS: Final = 255  # PostgreSQL keeps no more of one word …
_LAST_POSITION: Final = 16_383  # … and counts no further

_WORD: Final = re.compile(r"[^\W_]+")
_ACCENTS: Final = re.compile("[\u0300-\u036f]+")
_UNSPACED: Final = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")
_ENTRY: Final = re.compile(r"'([^']+)':([\d,]+)")
_VOWELS: Final = frozenset("aeiouy")

# What questions consist of and answers do not; a question of nothing else is taken as it is.
_SMALL: Final = """
a about am an and any are as at be been but by can could did do does for from had has have he her
him his how i if in into is it its just may me might must my no not of on or our please shall she
should so some tell than that the their them then there these they this those to up us was we were
what when where which who whom whose why will with would you your know want need ll re ve don didn
doesn isn much many long often get got hello hi hey ok okay yes thank thanks
"""
_SMALL_WORDS: Final = frozenset(_SMALL.split())


def terms_of(text: str) -> list[str]:
    """The terms of a text, in its order."""
    if not text.isascii():
        bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
        text = unicodedata.normalize("NFC", bare)
    return [term for word in _WORD.findall(text.casefold()) for term in _of_word(word)]


def wanted_terms(question: str) -> list[str]:
    """The terms that a question looks for, each once: without its small words."""
    words = _WORD.findall(question.casefold())
    telling = " ".join(word for word in words if word not in _SMALL_WORDS)
    return list(dict.fromkeys(terms_of(telling) or terms_of(question)))[:MOST_WANTED]


@lru_cache(50_000)
def _of_word(word: str) -> tuple[str, ...]:
    """Mostly one; none of a letter alone, pairs where words are written without blanks."""
    if word.isascii():
        return () if len(word) == 1 and word.isalpha() else (_stem(word[:LONGEST]),)
    if _UNSPACED.fullmatch(word) and len(word) > 1:
        return tuple(word[at : at + 2] for at in range(len(word) - 1))
    return (word[:LONGEST],)


def _stem(word: str) -> str:
    """The word without a plural, an -ing or an -ed; a final e is dropped and a y made an i."""
    if len(word) <= 3 or not word.isalpha():
        return word
    if word.endswith(("sses", "ies")):
        word = word[:-2]
    elif word[-1] == "s" and word[-2] not in "su":
        word = word[:-1]
    word = _without_ending(word)
    if len(word) > 3 and word[-1] in "ey":
        word = word[:-1] + ("i" if word[-1] == "y" else "")
    return word


def _without_ending(word: str) -> str:
    for ending in ("ing", "ed"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= 3 and not _VOWELS.isdisjoint(stem):
            doubled = stem[-1] == stem[-2] and stem[-1] not in "lsz"
            return stem[:-1] if doubled else stem
    return word


def mark_of(knowledge_id: str) -> str:
    """The first term of every passage of a base; the text of no document holds such a one."""
    return f"@{knowledge_id.replace('-', '')}"


class Terms(sa.TypeDecorator[str]):
    """Terms in a column, with blanks between them; PostgreSQL keeps them as a ``tsvector``.

    A ``tsvector`` is written out by us, so that no configuration or locale of a server has a say.
    """

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """What each engine keeps."""
        kind: sa.types.TypeEngine[Any] = TSVECTOR() if dialect.name == "postgresql" else sa.Text()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """As the engine reads them."""
        return vector(value) if value is not None and dialect.name == "postgresql" else value

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """As they were written."""
        return words(value) if value is not None and dialect.name == "postgresql" else value


def vector(terms: str) -> str:
    """Terms as the text of a ``tsvector``; they hold nothing that has to be escaped there."""
    places: dict[str, list[str]] = {}
    for position, term in enumerate(terms.split(), 1):
        found = places.setdefault(term, [])
        if len(found) < _MOST_POSITIONS:
            found.append(str(min(position, _LAST_POSITION)))
    return " ".join(f"'{term}':{','.join(found)}" for term, found in places.items())


def words(vector: str) -> str:
    """The terms of the text of a ``tsvector``, in their order."""
    placed = [
        (int(position), term)
        for term, positions in _ENTRY.findall(vector)
        for position in positions.split(",")
    ]
    return " ".join(term for _, term in sorted(placed))


def occurrences(kept: str, wanted: Iterable[str], *, is_sqlite: bool) -> dict[str, int]:
    """How often each wanted term stands in a column as the engine gives it, unread."""
    if is_sqlite:
        counted = Counter(kept.split())
        return {term: counted[term] for term in wanted if term in counted}
    return {term: count for term in wanted if (count := _positions(kept, term))}


def _positions(kept: str, term: str) -> int:
    """How many positions a ``tsvector`` has for a term."""
    mark = f"'{term}':"
    begin = kept.find(mark)
    if begin < 0:
        return 0
    end = kept.find(" ", begin + len(mark))
    return kept.count(",", begin, end if end >= 0 else len(kept)) + 1
