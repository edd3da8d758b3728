"""What is different between two agents as JSON, and between two texts."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.stored.secrets import is_sealed

__all__ = ["Steps", "at", "find_differences", "show_steps", "unified"]

MOST_LINES: Final = 5000
"""Beyond, a comparison of texts by line may take minutes."""

Steps = tuple[str | int, ...]
"""The way to a part of a JSON value."""


def find_differences(before: Any, after: Any, steps: Steps = ()) -> Iterator[Steps]:
    """The ways to the smallest parts that differ; lists of another length differ whole."""
    if before == after and type(before) is type(after):
        return
    if is_inner(before) and is_inner(after):
        for key in dict.fromkeys((*before, *after)):
            yield from find_differences(before.get(key), after.get(key), (*steps, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from find_differences(old, new, (*steps, index))
    else:
        yield steps


def is_inner(value: Any) -> bool:
    """Whether what differs in it is told by field."""
    return isinstance(value, Mapping) and not is_sealed(value)


def show_steps(steps: Steps) -> str:
    """A way as it is told: ``transfer_targets[0].number``."""
    shown = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return shown.removeprefix(".")


def at(value: Any, steps: Steps) -> Any:
    """What stands at the end of a way; None where nothing does."""
    for step in steps:
        if isinstance(value, Mapping):
            value = value.get(str(step))
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def unified(before: str, after: str, name_before: str, name_after: str) -> str:
    """Two texts compared by line, as ``diff -u`` does; empty where they are the same."""
    if before == after:
        return ""
    old, new = before.split("\n"), after.split("\n")
    if max(len(old), len(new)) > MOST_LINES:
        return f"--- {name_before}\n+++ {name_after}\n(more than {MOST_LINES} lines)\n"
    lines = difflib.unified_diff(old, new, name_before, name_after, lineterm="")
    return "".join(f"{line}\n" for line in lines)
