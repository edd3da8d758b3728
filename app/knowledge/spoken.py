"""A passage as it can be spoken: its part that fits a question best, without markup."""

import re
from typing import Final

from app.store.passages import FoundPassage
from app.store.terms import terms_of, wanted_terms

__all__ = ["coverage", "spoken"]

LONGEST: Final = 320
"""Characters that are spoken: about twenty seconds."""

_LINK: Final = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_EMPHASIS: Final = re.compile(r"[*`~]{1,3}|(?<!\w)_+|_+(?!\w)")
_MARKS: Final = re.compile(r"^\s*(?:#{1,6}|>|[-+•*]|\d+[.)])\s+|\|", re.MULTILINE)
_END: Final = re.compile(r"(?<=[.!?…。！？])\s+|\n\s*\n?")


def coverage(found: FoundPassage, question: str) -> float:
    """Which part of a question's telling words a passage has, title and heading included."""
    wanted = wanted_terms(question)
    there = set(terms_of(f"{found.title} {found.heading} {found.content}"))
    return sum(term in there for term in wanted) / len(wanted) if wanted else 0.0


def spoken(text: str, question: str) -> str:
    """The sentences of a text from the one that fits a question best, as long as one listens."""
    plain = _EMPHASIS.sub("", _MARKS.sub(" ", _LINK.sub(r"\1", text)))
    sentences = [" ".join(each.split()) for each in _END.split(plain)]
    sentences = [each for each in sentences if each]
    if not sentences:
        return ""
    wanted = set(wanted_terms(question))
    fits = [len(wanted & set(terms_of(each))) for each in sentences]
    begin = fits.index(max(fits))
    said = sentences[begin]
    for following in sentences[begin + 1 :]:
        if len(said) + len(following) >= LONGEST:
            break
        said = f"{said} {following}"
    return _cut(said)


def _cut(text: str) -> str:
    """One sentence that is too long ends at a word."""
    if len(text) <= LONGEST:
        return text
    end = text.rfind(" ", 0, LONGEST)
    return text[: end if end > 0 else LONGEST].rstrip(" ,;:") + " …"
