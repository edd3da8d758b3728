"""Find names, places, codes and phrases in what the caller said."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from app.llm.offline.dates import find_date, find_time
from app.llm.offline.numbers import find_numbers
from app.llm.offline.parameters import Parameter
from app.llm.offline.words import STOP, Word, stem_set, words

_PREPOSITIONS = ("in", "at", "near", "for", "to", "from", "about", "with", "on", "of", "into")
_AWAY = stem_set("from origin source start departure depart begin sender")
_TOWARDS = stem_set("to destination target arrival dest end recipient")
_PERSON = stem_set("person who contact recipient department team agent")
_LINKS = {"is", "are", "of", "called", "named", "code", "number", "id", "no"}
_LEADING = {"the", "a", "an", "my", "our", "their", "this", "that", "some"}
_STOPPERS = STOP | {*_PREPOSITIONS, "please", "then", "or", "by", "around", "today", "tomorrow"}
_WISH = {"want", "need", "like", "going", "have", "able", "love", "wish", "try", "trying", "how"}
_ANSWERED = re.compile(
    r"(?i)^(?:(?:uh|um|er|well|oh|ok(?:ay)?|yes|yeah|sure|please|so)\b[\s,]*)*"
    r"(?:(?:it|that|the \w+|my \w+(?: \w+)?)(?:['’]s| is| was)\s+|i(?:['’]m| am)\s+(?:in\s+)?"
    r"|(?:i(?:['’]d| would) like|i want|let['’]s (?:say|take)|make it|try|what about|how about"
    r"|and|in|at|for|to|from|with|the)\s+)*"
)
_TRAILING = re.compile(r"(?i)[\s,.!?]*(?:\b(?:please|thanks|thank you)\b)?[\s.!?,]*$")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"\+?\(?\d[\d\s().-]{4,}\d")
_QUOTED = re.compile(r"[\"“]([^\"”]+)[\"”]")
_SEPARATOR = re.compile(r"\s*,\s*(?:and\s+|or\s+)?|\s+(?:and|or)\s+(?:in\s+|for\s+|to\s+|at\s+)?")
_ABOUT = re.compile(r"(?i)\b(?:about|search for|look up|find out|saying|says|that)\b[:,]?\s+(.+)$")


@dataclass(slots=True)
class Said:
    """What the caller said, and which of its characters a value has used up.

    `topic` holds the stems that name the tool: they are what is asked for, not a value.
    """

    text: str
    topic: frozenset[str] = frozenset()
    words: Sequence[Word] = field(init=False)
    _stems: list[str] = field(init=False, repr=False)
    _taken: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.words = words(self.text)
        self._stems = [word.stem for word in self.words]

    def take(self, start: int, end: int) -> None:
        """Use up a part of the text."""
        self._taken.append((start, end))

    def is_free(self, start: int, end: int) -> bool:
        """Whether no value has used that part."""
        return all(end <= low or start >= high for low, high in self._taken)

    def take_phrase(self, phrase: str) -> bool:
        """Use up the words of a phrase where they stand together, whatever their endings."""
        wanted = [word.stem for word in words(phrase.replace("_", " ").replace("-", " "))]
        stems = self._stems
        for at in range(len(stems) - len(wanted) + 1) if wanted else ():
            span = self.words[at : at + len(wanted)]
            if stems[at : at + len(wanted)] == wanted and self.is_free(span[0].start, span[-1].end):
                self.take(span[0].start, span[-1].end)
                return True
        return False


_ANY_DAY = date(2000, 1, 1)

Span = tuple[int, int]
"""First word and the one after the last."""


def find_string(parameter: Parameter, said: Said, *, bare: bool = False) -> str:
    """The words that are this parameter's value, or an empty string."""
    if parameter.format == "email" or "email" in parameter.label:
        return _match(_EMAIL, said)
    if parameter.is_digits:
        return _find_code(parameter, said)
    span = _labelled(parameter, said)
    if span is None and (quoted := _QUOTED.search(said.text)):
        said.take(*quoted.span())
        return quoted[1]
    if span is None:
        span = _after_preposition(parameter, said)
    directed = parameter.stems & (_AWAY | _TOWARDS)
    if span is None and (bare or (parameter.required and not directed)):
        span = _capitalised(said, bare=bare)
    return _take(span, said, parameter) if span else ""


def find_strings(parameter: Parameter, said: Said) -> list[str]:
    """All values of a list: the one that is found, and those joined to it by "and"."""
    first = find_string(parameter, said, bare=True)
    if not first:
        return []
    start = said.text.lower().find(first.lower())
    tail = said.text[start:] if start >= 0 else first
    values = [value for value in _joined(tail) if words(value)]
    for value in values:
        at = said.text.find(value)
        said.take(at, at + len(value))
    return [cased(value, parameter) for value in values]


def split_list(text: str) -> list[str]:
    """Split an enumeration at its commas and its "and"."""
    return [part for part in (item.strip() for item in _SEPARATOR.split(text)) if part]


def remainder(said: Said) -> str:
    """The whole of what was said, or what follows "about", for a parameter that takes any words."""
    about = _ABOUT.search(said.text)
    return (about[1] if about else said.text).strip().rstrip("?.! ")


def clean(answer: str, parameter: Parameter) -> str:
    """The value in an answer such as "It's Portland, please."."""
    text = _TRAILING.sub("", answer)
    text = _ANSWERED.sub("", text).strip()
    return cased(_TRAILING.sub("", text), parameter)


def cased(text: str, parameter: Parameter) -> str:
    """Write a name with capitals where the caller's words, as a transcript, have none."""
    if not parameter.is_proper or any(char.isupper() for char in text):
        return text
    return " ".join(word[:1].upper() + word[1:] for word in text.split(" "))


def alternatives(value: str, said: Said, parameter: Parameter) -> list[str]:
    """The values that were said together, such as Paris and London, the given one first."""
    start = said.text.lower().find(value.lower())
    values = _joined(said.text[start:]) if start >= 0 else []
    found = [cased(item, parameter) for item in values]
    return found if len(found) > 1 and found[0].lower() == value.lower() else [value]


def _joined(text: str) -> list[str]:
    """The items of an enumeration at the start of a text, as long as they look alike."""
    parts = split_list(re.split(r"[?!;]|\.(?:\s|$)", text)[0])
    kept: list[str] = []
    capital = bool(parts) and parts[0][:1].isupper()
    for part in parts:
        listed = words(part)
        length = _run(listed, 0, capital=capital)
        if not length:
            break
        kept.append(part[: listed[length - 1].end])
        if length < len(listed):
            break
    return kept


def _labelled(parameter: Parameter, said: Said) -> Span | None:
    """A value that its own name introduces: "my name is Ada", "order number 12", "city: Bonn"."""
    for index, word in enumerate(said.words):
        if word.stem not in parameter.stems:
            continue
        at, linked = index + 1, said.text[word.end : word.end + 1] in (":", "=")
        while at < len(said.words) and (
            said.words[at].low in _LINKS or said.words[at].stem in parameter.stems
        ):
            linked = linked or said.words[at].low in _LINKS
            at += 1
        if at >= len(said.words):
            continue
        first = said.words[at]
        if not (linked or first.is_capital or first.has_digit):
            continue
        length = _run(said.words, at, capital=first.is_capital)
        if length and _is_value(said, (at, at + length)):
            return (at, at + length)
    return None


def _after_preposition(parameter: Parameter, said: Said) -> Span | None:
    ranked = _ranking(parameter)
    best: tuple[int, Span] | None = None
    for index, word in enumerate(said.words[:-1]):
        if word.low not in ranked:
            continue
        at = index + 1
        owned = said.words[at].low in _LEADING
        if owned and at + 1 < len(said.words):
            at += 1
        span = _phrase(said, index, at)
        if span is None or not (parameter.required or said.words[span[0]].is_capital):
            continue
        rank = ranked.index(word.low) + (0 if said.words[span[0]].is_capital else 20) + 10 * owned
        if best is None or rank < best[0]:
            best = (rank, span)
    return best[1] if best else None


def _ranking(parameter: Parameter) -> tuple[str, ...]:
    """The prepositions that may introduce a value, the likeliest first."""
    if parameter.stems & _AWAY:
        return ("from",)
    if parameter.stems & _TOWARDS:
        return ("to", "for", "into", "in")
    if parameter.stems & _PERSON:
        return ("to", "with", "for", "from", "at", "about", "in")
    return _PREPOSITIONS


def _phrase(said: Said, preposition: int, at: int) -> Span | None:
    """The noun phrase that follows a preposition, if it may be a value."""
    first = said.words[at]
    if not first.is_capital:
        before = said.words[preposition - 1].low if preposition else ""
        if said.words[preposition].low == "to" and before in _WISH:
            return None
    length = _run(said.words, at, capital=first.is_capital)
    span = (at, at + length)
    return span if length and _is_value(said, span) else None


def _capitalised(said: Said, *, bare: bool) -> Span | None:
    """A name in the middle of what was said, or in front of the topic: "Bonn weather".

    The first word is written with a capital anyway, so alone it counts only if `bare`.
    """
    for index, word in enumerate(said.words):
        if not word.is_capital or word.low in _STOPPERS:
            continue
        end = index + _run(said.words, index, capital=True)
        after = said.words[end].stem if end < len(said.words) else ""
        sure = bare or index > 0 or after in said.topic
        if sure and _is_value(said, (index, end)):
            return (index, end)
    return None


def _run(listed: Sequence[Word], at: int, *, capital: bool) -> int:
    """How many words from there on belong together, four at most."""
    length = 0
    for word in listed[at : at + 4]:
        if length and word.start - listed[at + length - 1].end > 1:
            break
        if capital and not (word.is_capital or word.has_digit):
            break
        if word.low in _STOPPERS and not (capital and length):
            break
        length += 1
    return length


def _is_value(said: Said, span: Span) -> bool:
    """Whether a phrase may be a value: unused, no date or number, not what the tool is about."""
    inside = said.words[span[0] : span[1]]
    if not inside or not said.is_free(inside[0].start, inside[-1].end):
        return False
    if all(word.stem in said.topic for word in inside):
        return False
    text = said.text[inside[0].start : inside[-1].end]
    return not (find_date(text, _ANY_DAY) or find_time(text) or _is_number(text))


def _is_number(text: str) -> bool:
    numbers = find_numbers(text)
    return bool(numbers) and numbers[0].start == 0 and numbers[0].end == len(text)


def _find_code(parameter: Parameter, said: Said) -> str:
    """A number or code that is written as a string."""
    if "phon" in parameter.stems or "telephone" in parameter.label:
        return _match(_PHONE, said)
    coded = [w for w in said.words if w.has_digit and said.is_free(w.start, w.end)]
    if not coded:
        return ""
    named = [word.start for word in said.words if word.stem in parameter.stems]
    nearest = min(coded, key=lambda w: min((abs(w.start - at) for at in named), default=w.start))
    group = _digits_around(said.words, said.words.index(nearest))
    said.take(group[0].start, group[-1].end)
    return "".join(word.text for word in group)


def _digits_around(said: Sequence[Word], at: int) -> Sequence[Word]:
    """A word, with the groups of digits beside it where it is one: 4242 4242 is one number."""
    first = last = at
    while first and said[at].text.isdigit() and said[first - 1].text.isdigit():
        first -= 1
    while last + 1 < len(said) and said[at].text.isdigit() and said[last + 1].text.isdigit():
        last += 1
    return said[first : last + 1]


def _match(pattern: "re.Pattern[str]", said: Said) -> str:
    found = next((m for m in pattern.finditer(said.text) if said.is_free(*m.span())), None)
    if found is None:
        return ""
    said.take(*found.span())
    return found.group().strip()


def _take(span: Span, said: Said, parameter: Parameter) -> str:
    start, end = said.words[span[0]].start, said.words[span[1] - 1].end
    said.take(start, end)
    return cased(re.sub(r"['’]s$", "", said.text[start:end]), parameter)
