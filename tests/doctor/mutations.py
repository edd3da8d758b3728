"""Pure functions that spoil JSON: names, values, verbs."""

import copy
import random
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]


def misspell(name: str, draw: random.Random) -> str:
    """A name as a tired person types it: letters swapped, left out, doubled, or replaced."""
    letters = [index for index, char in enumerate(name[:-1]) if char.isalpha() and index]
    index = draw.choice(letters or [0])
    swapped = name[:index] + name[index + 1] + name[index] + name[index + 2 :]
    ways = [
        swapped,
        name[:index] + name[index + 1 :],
        name[:index] + name[index] + name[index:],
        name[:index] + ("z" if name[index] != "z" else "y") + name[index + 1 :],
    ]
    draw.shuffle(ways)
    return next(way for way in ways if way != name)


def snake(name: str) -> str:
    """`actionHook` as `action_hook`."""
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name)


def renamed(value: Json, old: str, new: str) -> Json:
    """The same object with another name for a key, in its place."""
    return {new if key == old else key: inner for key, inner in value.items()}


def without(value: Json, key: str) -> Json:
    return {name: inner for name, inner in value.items() if name != key}


def at(value: Any, path: tuple[str | int, ...], change: Callable[[Any], Any]) -> Any:
    """A copy in which what stands at a path was changed."""
    made = copy.deepcopy(value)
    if not path:
        return change(made)
    *way, last = path
    holder = made
    for step in way:
        holder = holder[step]
    holder[last] = change(holder[last])
    return made


WRONG: dict[str, Any] = {
    "string": {"a": 1},
    "number": "soon",
    "integer": "soon",
    "boolean": "yes",
    "object": 7,
    "array": {"a": 1},
}


def of_wrong_type(kind: str) -> Any:
    """A value that is none of the types that the data names; None where there is no such value."""
    kinds = {part.split("<")[0] for part in kind.split("|")}
    if kinds & {"any", "const"} or any(part.startswith("ref:") for part in kinds):
        return 7 if not kinds & {"any", "const", "number"} else None
    wrong = [value for name, value in WRONG.items() if name in kinds]
    if len(kinds) == 1 and wrong:
        return wrong[0]
    return None
