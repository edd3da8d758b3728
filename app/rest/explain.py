"""Pydantic's errors in words that help: the path, what was expected, what came."""

from collections.abc import Sequence
from typing import Any, Final

import orjson
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from app.rest.suggest import suggest
from app.verbs.names import did_you_mean

__all__ = ["TAG", "explain", "shown"]

MOST_ERRORS: Final = 20
SHOWN: Final = 80
TAG: Final = "~"
"""Begins the tag of a union's member, which pydantic puts into paths though nobody wrote it."""


def explain(
    error: ValidationError, expected: TypeAdapter[Any] | None = None
) -> list[tuple[str, str]]:
    """The parts that are wrong, as (path, message); at most 20.

    Args:
        error: What pydantic says.
        expected: What was validated; knows what a wrong name was meant to be.
    """
    details = error.errors(include_url=False)
    return [(_path(detail), _message(detail, expected)) for detail in details[:MOST_ERRORS]]


def _path(detail: ErrorDetails) -> str:
    # An error of a union is told at the field that chooses the member.
    chooser = detail.get("ctx", {}).get("field")
    return _join((*detail["loc"], chooser) if chooser else detail["loc"])


def _join(loc: Sequence[int | str]) -> str:
    path = ""
    for step in loc:
        if isinstance(step, int):
            path += f"[{step}]"
        elif not _is_tag(step):
            path += f".{step[:SHOWN]}" if path else step[:SHOWN]
    return path


def _is_tag(step: int | str) -> bool:
    return isinstance(step, str) and step.startswith(TAG)


def _message(detail: ErrorDetails, expected: TypeAdapter[Any] | None) -> str:
    match detail["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            named = [step for step in detail["loc"] if not _is_tag(step)]
            meant = suggest(expected, named) if expected is not None else None
            return f"is not known here{did_you_mean(meant) if meant else '; remove it'}"
        case "agent_data":
            return detail["msg"]  # a stored agent, which says itself what came
        case _:
            text = detail["msg"]
            return f"{text[:1].lower()}{text[1:]}; got {shown(detail['input'])}"


def shown(value: Any) -> str:
    """A value as whoever sent it knows it, which is JSON; cut where it is long."""
    try:
        text = value.decode() if isinstance(value, bytes) else orjson.dumps(value).decode()
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
