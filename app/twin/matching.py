"""Compare what was expected with what came, and say where they differ."""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.twin.transcript import as_json, shorten

ANYTHING: Any = ...
"""Stands for a value that does not matter."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """A function that says whether a value is as expected, and the words for it."""

    words: str
    agrees: Callable[[Any], bool]

    def __call__(self, value: object) -> bool:
        """Whether `value` is."""
        return self.agrees(value)

    def __repr__(self) -> str:
        return self.words


def contains(text: str) -> Matcher:
    """What has a text in it, upper and lower case being the same."""
    wanted = folded(text)
    return Matcher(f"something with {text!r}", lambda value: wanted in folded(_as_text(value)))


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else as_json(value)


def folded(text: str) -> str:
    """Text as it is compared: one kind of blank and quote, no upper case."""
    return " ".join(text.replace("’", "'").replace("‘", "'").split()).casefold()


def differences(expected: object, came: object, path: str = "") -> list[str]:
    """How `came` differs from what was expected; nothing where it does not.

    Args:
        expected: A value, which must be equal; a mapping, whose keys must be there while others
            may be; a list, item by item; a compiled pattern, searched for; a type; a function
            that says yes or no; or `ANYTHING`.
        came: What came.
        path: Where it stands.
    """
    if isinstance(expected, Mapping):
        return list(_of_mapping(expected, came, path))
    if isinstance(expected, list | tuple) and isinstance(came, list | tuple):
        return list(_of_list(expected, came, path))
    if _agrees(expected, came):
        return []
    text = f"expected {described(expected)}, came {shorten(as_json(came), 120)}"
    return [f"{path}: {text}{_only_case(expected, came)}" if path else text]


def _agrees(expected: object, came: object) -> bool:
    if expected is ANYTHING:
        return True
    if isinstance(expected, re.Pattern):
        return bool(expected.search(_as_text(came)))
    if isinstance(expected, type):
        return isinstance(came, expected)
    if callable(expected):
        return bool(expected(came))
    return expected == came and isinstance(expected, bool) is isinstance(came, bool)


def _only_case(expected: object, came: object) -> str:
    both_text = isinstance(expected, str) and isinstance(came, str)
    same = both_text and folded(str(expected)) == folded(str(came))
    return " (only the case differs; contains(…) does not mind it)" if same else ""


def _of_mapping(expected: Mapping[Any, Any], came: object, path: str) -> Iterator[str]:
    if not isinstance(came, Mapping):
        where = f"{path}: " if path else ""
        yield f"{where}expected {described(expected)}, came {shorten(as_json(came), 120)}"
        return
    for key, value in expected.items():
        inner = f"{path}.{key}" if path else str(key)
        if key in came:
            yield from differences(value, came[key], inner)
        elif value is not None:  # None is also expected of what is not there
            near = suggestion(str(key), map(str, came))
            yield f"{inner}: expected {described(value)}, came nothing{near}"


def _of_list(
    expected: list[Any] | tuple[Any, ...], came: list[Any] | tuple[Any, ...], path: str
) -> Iterator[str]:
    if len(expected) != len(came):
        yield f"{path}: expected {len(expected)} items, came {len(came)}: {as_json(came)}"
        return
    for index, (wanted, value) in enumerate(zip(expected, came, strict=True)):
        yield from differences(wanted, value, f"{path}[{index}]")


def described(expected: object) -> str:
    """An expectation in words."""
    match expected:
        case re.Pattern():
            words = f"something like /{expected.pattern}/"
        case Matcher():
            words = expected.words
        case type():
            words = f"any {expected.__name__}"
        case Mapping():
            listed = (f"{key}: {described(item)}" for key, item in expected.items())
            words = "{" + ", ".join(listed) + "}"
        case _ if callable(expected):
            words = f"what {_name(expected)} agrees to"
        case _:
            words = "anything" if expected is ANYTHING else as_json(expected)
    return words


def _name(function: Callable[..., object]) -> str:
    return str(getattr(function, "__name__", function))


def suggestion(name: str, known: Iterable[str]) -> str:
    """A did-you-mean, where a known name is close; else nothing."""
    near = closest(name, known)
    return f"; did you mean {near}?" if near and near != name else ""


def closest(name: str, known: Iterable[str]) -> str:
    """The known name that is closest; empty where none is close."""
    names = {one.lower(): one for one in known}
    found = difflib.get_close_matches(name[:64].lower(), list(names), n=1, cutoff=0.55)
    return names[found[0]] if found else ""


def likeness(wanted: str, text: str) -> float:
    """How much of a wanted text is found in another, from 0 to 1: by words, then by letters."""
    wanted, text = folded(wanted), folded(text)
    words, there = re.findall(r"\w+", wanted), set(re.findall(r"\w+", text))
    shared = sum(word in there for word in words) / len(words) if words else 0.0
    letters = difflib.SequenceMatcher(None, wanted, text[:400]).ratio()
    return 0.8 * shared + 0.2 * letters
