"""Decorators read signatures the same way, and say where a wrong function stands."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.protocol import ConfigurationError
from app.signature import (
    MISSING,
    Unresolved,
    did_you_mean,
    is_async,
    read_parameters,
    refuse,
    require_function,
)


async def coroutine() -> None: ...


def test_a_wrapped_coroutine_function_is_still_async() -> None:
    @functools.wraps(coroutine)
    def wrapper() -> Awaitable[None]:
        return coroutine()

    assert is_async(coroutine)
    assert is_async(wrapper)
    assert not is_async(lambda: None)


def test_annotations_are_resolved_one_by_one() -> None:
    def function(a: "int", b: "Missing", c: "list[Near]", d) -> None: ...  # type: ignore  # noqa

    class Near: ...

    a, b, c, d = read_parameters(function, {"Near": Near}, {})

    assert a.annotation is int
    assert b.annotation == Unresolved("Missing", "name 'Missing' is not defined")
    assert c.annotation == list[Near]
    assert d.annotation is MISSING


def test_names_for_type_checkers_are_tried_last() -> None:
    def function(a: "int", b: "Near") -> None: ...  # type: ignore[name-defined]  # noqa: F821

    a, b = read_parameters(function, {}, {"Near": str, "int": str})

    assert (a.annotation, b.annotation) == (int, str)


@pytest.mark.parametrize("text", ["1 +", "int[", "1 / 'a'", "int.missing"])
def test_an_annotation_that_is_no_type_is_unresolved(text: str) -> None:
    def function(a: Any) -> None: ...

    function.__annotations__["a"] = text

    assert isinstance(read_parameters(function, {}, {})[0].annotation, Unresolved)


def test_a_refusal_says_which_function_and_where() -> None:
    text = str(refuse(coroutine, "no."))

    assert text.startswith(f"{__name__}.coroutine (line ")
    assert text.endswith("test_signature.py): no.")


@pytest.mark.parametrize("value", [None, 5, str, len, functools.partial(print)])
def test_only_plain_functions_are_decorated(value: Callable[..., object]) -> None:
    with pytest.raises(ConfigurationError, match="@tool decorates a function or bound method"):
        require_function("tool", value)


def test_a_suggestion_is_made_only_for_a_near_name() -> None:
    assert did_you_mean("turn_detectoin", ["turn_detection", "stt"]) == (
        "; did you mean `turn_detection`?"
    )
    assert did_you_mean("zzz", ["turn_detection"]) == ""
    assert did_you_mean("x" * 1_000_000, ["x"]) == ""
