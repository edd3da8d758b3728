"""Fits a model's arguments to a tool's schema before they are validated.

Models and platforms bend names (``cityName`` for ``city_name``, as jambonz 0.9.8 may), write null
for "not given" and JSON inside strings. What is meant is clear, so it is accepted, at any depth.
Compiled once from the schema; a call walks only as deep as the schema says.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from app.signature import did_you_mean
from app.tool.reading import Path, Reading
from app.tool.schema import Schema, reference

MAX_DEPTH = 32
MAX_TEXT = 65_536
MAX_NAME = 128
MAX_BITS = 1024


class Shape(Protocol):
    """What a part of the arguments should look like."""

    def fit(self, value: Any, path: Path, reading: Reading) -> Any:
        """The value with names and empty parts put right; problems go to ``reading``."""

    def takes(self, value: dict[Any, Any] | list[Any]) -> bool:
        """Whether an object or array is the kind of value that this describes."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A string, number, boolean or null: only its length matters here."""

    def takes(self, value: dict[Any, Any] | list[Any]) -> bool:
        """Never."""
        return False

    def fit(self, value: Any, path: Path, reading: Reading) -> Any:
        """Refuse a text or number that no caller can have said."""
        if isinstance(value, str) and len(value) > MAX_TEXT:
            reading.add(path, f"is longer than {MAX_TEXT} characters")
        elif isinstance(value, int) and value.bit_length() > MAX_BITS:
            reading.add(path, "is too large a number")
        else:
            return value
        return None


@dataclass(frozen=True, slots=True)
class Anything:
    """A part whose inside the tool does not describe: it must only be of sane size."""

    def takes(self, value: dict[Any, Any] | list[Any]) -> bool:
        """Always."""
        return True

    def fit(self, value: Any, path: Path, reading: Reading) -> Any:
        """Refuse what is nested too deeply or too large; recursion could not tell it safely."""
        level = [value]
        depth = 0
        while level and reading.items > 0 and depth <= MAX_DEPTH:
            depth += 1
            below = [part for part in level if isinstance(part, dict | list)]
            reading.items -= sum(map(len, below))
            level = [
                inner
                for part in below
                for inner in (part.values() if isinstance(part, dict) else part)
            ]
        if level:
            too_much(path, reading)
            return None
        return value


@dataclass(frozen=True, slots=True)
class Array:
    """An array: ``places`` have a shape each, the rest is ``items``."""

    places: tuple[Shape, ...]
    items: Shape

    def takes(self, value: dict[Any, Any] | list[Any]) -> bool:
        """An array."""
        return isinstance(value, list)

    def fit(self, value: Any, path: Path, reading: Reading) -> Any:
        """Fit every item."""
        value = parsed(value, "[")
        if not isinstance(value, list):
            return value
        reading.items -= len(value)
        if reading.items < 0 or len(path) > MAX_DEPTH:
            too_much(path, reading)
            return []
        known = len(self.places)
        return [
            (self.places[index] if index < known else self.items).fit(item, (*path, index), reading)
            for index, item in enumerate(value)
        ]


@dataclass(frozen=True, slots=True)
class Object:
    """An object with named parts.

    Attributes:
        parts: Shape of each known key.
        loose: Known key by its letters only, where that is unambiguous.
        droppable: Keys that may be left out and do not take null: there null means left out.
        rest: Shape of other keys; None where there must be none.
    """

    parts: Mapping[str, Shape]
    loose: Mapping[str, str]
    droppable: frozenset[str]
    rest: Shape | None

    def takes(self, value: dict[Any, Any] | list[Any]) -> bool:
        """An object."""
        return isinstance(value, dict)

    def fit(self, value: Any, path: Path, reading: Reading) -> Any:
        """Put the names right, drop empty optional parts, and note unknown names."""
        value = parsed(value, "{")
        if not isinstance(value, dict):
            return value
        reading.items -= len(value)
        if reading.items < 0 or len(path) > MAX_DEPTH:
            too_much(path, reading)
            return {}
        fitted: dict[str, Any] = {}
        for key, part in value.items():
            name = key if key in self.parts else self.meant(key, value, fitted)
            if name is None:
                self.fit_other(key, part, fitted, path, reading)
            elif part is not None or name not in self.droppable:
                fitted[name] = self.parts[name].fit(part, (*path, name), reading)
        return fitted

    def meant(self, key: object, value: dict[Any, Any], fitted: dict[str, Any]) -> str | None:
        """The known key that is meant by a differently written one."""
        if not isinstance(key, str) or len(key) > MAX_NAME:
            return None
        name = self.loose.get(letters(key))
        return None if name in value or name in fitted else name

    def fit_other(
        self, key: Any, part: Any, fitted: dict[str, Any], path: Path, reading: Reading
    ) -> None:
        """A key without a shape of its own."""
        if self.rest is not None:
            fitted[key] = self.rest.fit(part, (*path, key), reading)
            return
        near = did_you_mean(str(key)[:MAX_NAME], self.parts)
        reading.add_unknown((*path, key), near or f"; there are: {', '.join(self.parts) or 'none'}")


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several shapes: the one that fits with the fewest problems."""

    options: tuple[Shape, ...]

    def takes(self, value: dict[Any, Any] | list[Any]) -> bool:
        """What one of them takes."""
        return any(option.takes(value) for option in self.options)

    def fit(self, value: Any, path: Path, reading: Reading) -> Any:
        """Try each; the problems of the best one count."""
        if not isinstance(value, dict | list):
            return Scalar().fit(value, path, reading)
        best: tuple[int, Shape] | None = None
        for option in self.options:
            if not option.takes(value):
                continue
            trial = Reading(reading.known, reading.items)
            fitted = option.fit(value, path, trial)
            reading.items = trial.items
            if not trial.count:
                return fitted
            if best is None or trial.count < best[0]:
                best = (trial.count, option)
        return best[1].fit(value, path, reading) if best else value


@dataclass(frozen=True, slots=True)
class Recursive:
    """A definition that contains itself."""

    name: str
    shapes: Mapping[str, Shape]

    def takes(self, value: dict[Any, Any] | list[Any]) -> bool:
        """What the definition takes."""
        return self.shapes[self.name].takes(value)

    def fit(self, value: Any, path: Path, reading: Reading) -> Any:
        """As the definition does."""
        return self.shapes[self.name].fit(value, path, reading)


@dataclass(slots=True)
class Compiler:
    """Makes shapes from one tool's schema; ``names`` gathers every key that is known anywhere."""

    shapes: dict[str, Shape] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)

    def compile(self, schema: Schema) -> Shape:
        """The shape of a whole schema, with its definitions."""
        for name, definition in schema.get("$defs", {}).items():
            self.shapes[name] = self.make(definition)
        return self.make(schema)

    def make(self, node: Schema) -> Shape:
        """The shape of one node."""
        if reference(node):
            return Recursive(reference(node), self.shapes)
        if "anyOf" in node:
            return Choice(tuple(self.make(part) for part in node["anyOf"]))
        match base_type(node):
            case "object":
                return self.make_object(node)
            case "array":
                places = tuple(self.make(part) for part in node.get("prefixItems", ()))
                return Array(places, self.make(node.get("items", {})))
            case "":
                return Scalar() if "enum" in node else Anything()
        return Scalar()

    def make_object(self, node: Schema) -> Shape:
        """The shape of an object; one without any description may hold anything."""
        properties: dict[str, Schema] = node.get("properties", {})
        rest = node.get("additionalProperties", True)
        if not properties and not isinstance(rest, dict) and rest:
            return Anything()
        self.names.update(properties)
        required = node.get("required", ())
        return Object(
            parts={name: self.make(part) for name, part in properties.items()},
            loose=loose_names(properties),
            droppable=frozenset(
                name
                for name, part in properties.items()
                if name not in required and not takes_null(part)
            ),
            rest=self.make(rest if isinstance(rest, dict) else {}) if rest else None,
        )


def base_type(node: Schema) -> str:
    """The type of a node, null aside; empty if it has none or several."""
    kinds = node.get("type", "")
    if isinstance(kinds, str):
        return kinds
    others = [kind for kind in kinds if kind != "null"]
    return others[0] if len(others) == 1 else ""


def takes_null(node: Schema) -> bool:
    """Whether null is a value of its own here."""
    if "anyOf" in node:
        return any(takes_null(part) for part in node["anyOf"])
    kinds = node.get("type")
    if kinds is None:
        return None in node["enum"] if "enum" in node else not reference(node)
    return "null" in kinds if isinstance(kinds, list) else kinds == "null"


def loose_names(names: Mapping[str, object]) -> dict[str, str]:
    """Each name by its letters and digits only; names that differ in nothing else are left out."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(letters(name), []).append(name)
    return {key: same[0] for key, same in found.items() if len(same) == 1}


def letters(name: str) -> str:
    """``cityName``, ``city_name`` and ``City-Name`` are all ``cityname``."""
    return "".join(filter(str.isalnum, name)).lower()


def parsed(value: Any, opening: str) -> Any:
    """An array or object that a model wrote as JSON inside a string; else the value itself."""
    if not isinstance(value, str) or len(value) > MAX_TEXT or value.lstrip()[:1] != opening:
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


def too_much(path: Path, reading: Reading) -> None:
    """Say once that a part is too large; nothing below is looked at any more."""
    if not reading.is_spent:
        reading.add(path, "is too large or nested too deeply")
    reading.is_spent = True
    reading.items = 0
