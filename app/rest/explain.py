"""Pydantic's errors in words that help: the path, what was expected, what came."""

from collections.abc import Sequence
from typing import Any, Final

import orjson
from pydantic import ValidationError
from pydantic_core import ErrorDetails

__all__ = ["TAG", "explain", "shown"]

MOST_ERRORS: Final = 20
SHOWN: Final = 80
TAG: Final = "~"
"""Begins the tag of a union's member, which pydantic puts into paths though nobody wrote it."""


def explain(error: ValidationError) -> list[tuple[str, str]]:
    """The parts that are wrong, as (path, message); at most 20."""
    details = error.errors(include_url=False)
    return [(_path(detail), _message(detail)) for detail in details[:MOST_ERRORS]]


def _path(detail: ErrorDetails) -> str:
    # An error of a union is told at the field that chooses the member.
    chooser = detail.get("ctx", {}).get("field")
    return _join((*detail["loc"], chooser) if chooser else detail["loc"])


def _join(loc: Sequence[int | str]) -> str:
    path = ""
    for step in loc:
        if isinstance(step, int):
            path += f"[{step}]"
        elif not step.startswith(TAG):
            path += f".{step[:SHOWN]}" if path else step[:SHOWN]
    return path


def _message(detail: ErrorDetails) -> str:
    match detail["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "is not known here; remove it"
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
