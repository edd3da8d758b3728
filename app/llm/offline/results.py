"""Say a tool's result as a sentence."""

import json
import re
from collections.abc import Mapping, Sequence

from app.llm.offline.errands import address, told
from app.llm.offline.parameters import spoken
from app.llm.offline.words import join_words, sentence, sentences, split_name, words

_UNITS = {"unit", "units", "scale", "currency"}
_ERRORS = ("error", "errors", "detail")
_TEXTS = ("result", "message", "text", "answer", "summary", "output")
_MOST = 3
_NEWS = re.compile(
    r"(?i)\b(?:results?|outputs?|tool|function)\b[^:{]*\b(?:come|came|finished|ready|done|ended"
    r"|returned|arrived)\b[^:{.]*[:.{]?\s*(?P<text>.*)$"
)
_JSON = re.compile(r"\{.*\}|\[.*\]")


def say_result(
    content: str, *, arguments: Mapping[str, object], asked: str, short: bool
) -> tuple[str, bool]:
    """Turn one tool output into speech.

    Args:
        content: The output as the model gets it: JSON, or text that is spoken as it is.
        arguments: What the tool was called with; a value of it that is repeated in the result
            becomes the subject of the sentence.
        asked: What the caller had said, for the preposition in front of that subject.
        short: Whether few words are wanted.

    Returns:
        The sentence, and whether it went well.
    """
    value = _unwrap(_load(content))
    if isinstance(value, Mapping):
        for key in _ERRORS:
            if value.get(key):
                return _apologise(value[key]), False
        value = {key: item for key, item in value.items() if key != "note"} or value
        texts = [key for key in _TEXTS if isinstance(value.get(key), str)]
        if value.keys() <= {"answer", "sources"} and texts:
            value = value["answer"]  # where it was read is not for the ear
        elif len(value) == 1 and ("result" in value or texts):
            value = next(iter(value.values()))
    if isinstance(value, Mapping):
        return _say_object(value, arguments, asked, short=short), True
    if isinstance(value, str) and (said := told(value)):
        return said, False
    return _say_value(value), True


def find_news(lines: Sequence[str], said: str) -> str:
    """The results that came late, by context, and have not been told yet.

    Args:
        lines: The sentences of the system prompt.
        said: All that was said before, in lower case.
    """
    news = ""
    for index, line in enumerate(lines):
        match = None if told(line) else _NEWS.search(line)
        if match:
            text = _read_news(match["text"], lines[index + 1] if index + 1 < len(lines) else "")
            news = text if text and text.lower() not in said else news
    return news


def _read_news(text: str, following: str) -> str:
    """Say a late result, which may stand in the sentence after the one that announces it."""
    whole = f"{text} {following}"
    if value := _JSON.search(whole):
        text = value.group()
    elif told(following) or not text:
        text = whole.strip()
    return say_result(text, arguments={}, asked="", short=False)[0] if text else ""


def describe(value: object) -> str:
    """A value inside a sentence."""
    if isinstance(value, Mapping):
        return " ".join(f"{_label(key)} {describe(item)}" for key, item in _filled(value))
    if isinstance(value, Sequence) and not isinstance(value, str):
        shown = [describe(item) for item in value[:_MOST]]
        more = len(value) - _MOST
        return join_words([*shown, f"{more} more"] if more > 0 else shown)
    return spoken(value)


def _load(content: str) -> object:
    try:
        return json.loads(content)
    except ValueError:
        return content


def _unwrap(value: object) -> object:
    """The output itself, where a speech-to-speech model's frame holds it as ``output``."""
    if isinstance(value, Mapping) and value.keys() == {"output"}:
        inner = value["output"]
        return inner if isinstance(inner, Mapping) else value
    return value


def _apologise(problem: object) -> str:
    """Pass a problem on; where the tool tells the model what to ask for, ask it."""
    text = problem if isinstance(problem, str) else describe(problem)
    if said := told(text.partition(";")[0]):
        return said
    if bullets := re.findall(r"(?m)^\s*[-*•]\s+(.+)$", text):
        return sentence(f"Sorry, that did not fit: {join_words(bullets)}")
    parts = [address(part) for piece in text.split(";") for part in sentences(piece)]
    first, rest = parts[0] if parts else "That did not work.", parts[1:]
    proper = re.match(r"(?:I\b|[A-Z]{2})", first)
    first = first if proper else first[0].lower() + first[1:]
    return " ".join([sentence(f"Sorry, {first}"), *rest])


def _say_value(value: object) -> str:
    if value is None or value in ({}, "", True):
        return "Done."
    if value is False:
        return "No."
    if isinstance(value, str):
        return sentence(value)
    if isinstance(value, int | float):
        return f"The answer is {spoken(value)}."
    return sentence(describe(value)) or "I found nothing."


def _say_object(
    value: Mapping[str, object], arguments: Mapping[str, object], asked: str, *, short: bool
) -> str:
    """Begin with the subject: in Portland the temperature is …; or Portland: temperature …."""
    known = {str(item).lower() for item in arguments.values()}
    about = [
        (key, str(item))
        for key, item in _filled(value)
        if isinstance(item, str) and item.lower() in known and key not in _UNITS
    ]
    rest = _with_units([pair for pair in _filled(value) if pair not in about])
    if not rest:
        return _say_subject(about) or "Done."
    subject = ", ".join(item for _, item in about)
    if short:
        facts = ", ".join(f"{label} {item}" for label, item, _ in rest)
        return sentence(f"{subject}: {facts}" if subject else facts)
    facts = join_words(_clause(label, item, raw) for label, item, raw in rest)
    if not subject:
        return sentence(facts)
    return sentence(f"{_preposition(about[0][1], asked)} {subject}, {facts}")


def _say_subject(about: list[tuple[str, str]]) -> str:
    return sentence(join_words(f"{_label(key)} {item}" for key, item in about))


def _clause(label: str, item: str, raw: object) -> str:
    many = isinstance(raw, list | tuple) and len(raw) != 1
    if many and not raw:
        return f"there are no {label}"
    return f"the {label} {'are' if many else 'is'} {item}"


def _with_units(pairs: list[tuple[str, object]]) -> list[tuple[str, str, object]]:
    """Label, spoken value and raw value of each; a lone number takes the unit that is given."""
    numbers = [key for key, item in pairs if _is_number(item)]
    units = [key for key, item in pairs if key in _UNITS and isinstance(item, str)]
    joined = len(numbers) == 1 and len(units) == 1
    unit = f" {spoken(dict(pairs)[units[0]])}" if joined else ""
    return [
        (_label(key), describe(item) + (unit if [key] == numbers else ""), item)
        for key, item in pairs
        if not (joined and key in units)
    ]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _filled(value: Mapping[str, object]) -> list[tuple[str, object]]:
    return [(str(key), item) for key, item in value.items() if item is not None]


def _label(key: object) -> str:
    return " ".join(split_name(str(key)))


def _preposition(subject: str, asked: str) -> str:
    """The word that the caller put in front of it: in Portland, on Friday; else "for"."""
    latest = "for"
    for word in words(asked):
        if subject.lower().startswith(word.low):
            return latest
        if word.low in ("in", "at", "on", "near", "for", "from", "to"):
            latest = word.low if word.low in ("in", "at", "on", "near") else "for"
    return "for"
