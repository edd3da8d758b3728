"""Errors of stored agents: several at once, each at its place in the JSON."""

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from app.verbs.errors import Path, Problem, VerbError

NUL = "\0"


def fault(path: Path, text: str, given: Any = None) -> InitErrorDetails:
    """One thing that is wrong, at a place below the value that is being checked."""
    kind = PydanticCustomError("agent_data", "{text}", {"text": text})
    return InitErrorDetails(type=kind, loc=path, input=given)


def refuse_all(faults: Iterable[InitErrorDetails]) -> None:
    """Raise what is wrong, if anything is; pydantic adds the path of the value.

    Raises:
        ValidationError: There is a fault.
    """
    found = list(faults)
    if found:
        raise ValidationError.from_exception_data("agent", found)


def faults_of(error: VerbError) -> Iterator[InitErrorDetails]:
    """What is wrong with an agent or a verb, at the places of its options."""
    for problem in error.problems:
        yield fault(place_of(problem), problem.text)


def place_of(problem: Problem) -> Path:
    """The path of a problem, down to the option that is missing or unknown."""
    return (*problem.path, problem.option) if problem.option else problem.path


def find_nul(value: Any, path: Path = ()) -> Iterator[InitErrorDetails]:
    """Texts that a database cannot keep."""
    if isinstance(value, str):
        if NUL in value:
            yield fault(path, "holds a NUL character (\\u0000), which cannot be stored; remove it")
    elif isinstance(value, dict):
        for key, inner in value.items():
            if NUL in str(key):
                yield fault(path, "has a NUL character (\\u0000) in a name; remove it")
            yield from find_nul(inner, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from find_nul(inner, (*path, index))
