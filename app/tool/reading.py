"""Collects what is wrong with a model's arguments, within bounds.

Arguments come from a model that repeats a caller, so they are hostile: a message names at most
eight problems and repeats at most 200 characters of them, whatever came.
"""

import re
from collections.abc import Collection
from typing import Any

import orjson
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.tool.phrases import clean

MAX_PROBLEMS = 8
MAX_ECHO = 200
MAX_QUOTE = 60
MAX_TEXT_OF_PROBLEM = 160
MAX_ITEMS = 10_000

Path = tuple[str | int, ...]

# pydantic's kinds of error that read better in a model's words.
WORDS = {
    "missing": "is missing",
    "int_type": "should be a whole number",
    "int_parsing": "should be a whole number",
    "int_from_float": "should be a whole number",
    "float_type": "should be a number",
    "float_parsing": "should be a number",
    "bool_type": "should be true or false",
    "bool_parsing": "should be true or false",
    "string_type": "should be a string",
    "list_type": "should be an array",
    "set_type": "should be an array",
    "frozen_set_type": "should be an array",
    "tuple_type": "should be an array",
    "dict_type": "should be an object",
    "model_type": "should be an object",
    "model_attributes_type": "should be an object",
    "dataclass_type": "should be an object",
}
SUBJECT = re.compile(r"^[A-Z][\w ]*? should (?=be |have |match |contain )")


class Reading:
    """One set of arguments being read: the problems so far, and how much may still be looked at.

    Attributes:
        problems: What was found, as ``path: sentence``.
        left_out: How many more there are.
        items: How many more array items and object keys may come.
        is_spent: Whether there were too many; then nothing more is looked at.
    """

    __slots__ = ("echo", "is_spent", "items", "known", "left_out", "paths", "problems")

    def __init__(self, known: Collection[str], items: int = MAX_ITEMS) -> None:
        self.known = known
        self.items = items
        self.is_spent = False
        self.echo = MAX_ECHO
        self.problems: list[str] = []
        self.paths: set[Path] = set()
        self.left_out = 0

    @property
    def count(self) -> int:
        """How many problems there are."""
        return len(self.problems) + self.left_out

    def add(self, path: Path, text: str) -> None:
        """Note a problem."""
        self.paths.add(path)
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(f"{self.show(path)}: {text}")
        else:
            self.left_out += 1

    def add_unknown(self, path: Path, text: str) -> None:
        """Note a name that the tool does not have; ``text`` is made only if there is room."""
        if len(self.problems) < MAX_PROBLEMS:
            inside = f" in {self.show(path[:-1])}" if path[:-1] else ""
            self.problems.append(f"unknown argument {self.quote(path[-1])}{inside}{text}")
        else:
            self.left_out += 1

    def show(self, path: Path) -> str:
        """``address.city``, ``items[2].price``."""
        text = "".join(
            f"[{part}]"
            if isinstance(part, int)
            else f".{part if part in self.known else self.quote(part)}"
            for part in path
        )
        return text.removeprefix(".") or "arguments"

    def quote(self, value: object) -> str:
        """A value as the model wrote it, cut; long or nested ones are only described."""
        if isinstance(value, str):
            return self.quote_text(value)
        if isinstance(value, list | dict):
            return f"an {'array' if isinstance(value, list) else 'object'} of {len(value)}"
        if isinstance(value, int) and abs(value) > 10**20:
            return "a very large number"
        plain = value is None or isinstance(value, int | float)
        return orjson.dumps(value).decode() if plain else f"a {type(value).__name__}"

    def quote_text(self, value: str) -> str:
        """A string, on one line, within what may still be repeated."""
        shown = clean(value, max(1, min(MAX_QUOTE, self.echo)))
        self.echo -= len(shown)
        return f'"{shown}"'

    def add_errors(self, error: ValidationError, arguments: object) -> None:
        """Note what pydantic found; the branches of a union become one problem."""
        found: dict[Path, list[ErrorDetails]] = {}
        for detail in error.errors(include_url=False):
            path = real_path(detail, arguments)
            if path not in self.paths:  # what was refused already was left out
                found.setdefault(path, []).append(detail)
        for path, details in found.items():
            texts = dict.fromkeys(explain(detail) for detail in details)
            text = " or ".join(texts).replace(" or should be ", " or ")
            missing = details[0]["type"] == "missing"
            self.add(path, text if missing else f"{text}, got {self.quote(details[0]['input'])}")


def explain(detail: ErrorDetails) -> str:
    """What one pydantic error asks for."""
    kind = detail["type"]
    context: dict[str, Any] = detail.get("ctx") or {}
    if kind in WORDS:
        return WORDS[kind]
    if kind == "union_tag_invalid":
        return clean(f"{context['discriminator']} should be one of {context['expected_tags']}", 160)
    text = detail["msg"]
    if kind in ("value_error", "assertion_error"):
        text = text.partition(", ")[2]
    return clean(SUBJECT.sub("should ", text), MAX_TEXT_OF_PROBLEM)


def real_path(detail: ErrorDetails, arguments: object) -> Path:
    """Where an error is in what the model sent: pydantic adds names of types and validators."""
    path: list[str | int] = []
    here: Any = arguments
    for number, part in enumerate(detail["loc"], 1):
        if holds(here, part):
            here = here[part]
        elif number < len(detail["loc"]) or detail["type"] != "missing":
            continue
        path.append(part)
    return tuple(path)


def holds(container: object, key: str | int) -> bool:
    """Whether ``container[key]`` exists, in an object or array."""
    if isinstance(container, dict):
        return key in container
    return isinstance(container, list) and isinstance(key, int) and 0 <= key < len(container)
