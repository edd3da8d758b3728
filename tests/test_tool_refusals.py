"""A tool's arguments that are refused, and how: what is wrong, hostile, and how fast."""

import re
from collections.abc import Callable
from datetime import date
from timeit import repeat
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, field_validator

from app.tool import ToolArgumentError, tool
from app.tool.reading import MAX_ECHO
from tests.tool_kinds import (
    Guest,
    Node,
    Payment,
    Point,
    Scale,
    refusal,
    taken,
    tool_for,
)

# What is refused, and how


@pytest.mark.parametrize(
    ("annotation", "value", "problem"),
    [
        (int, "x", 'should be a whole number, got "x"'),
        (int, 1.5, "should be a whole number, got 1.5"),
        (float, [], "should be a number, got an array of 0"),
        (float, "nan", 'should be a finite number, got "nan"'),
        (bool, "perhaps", 'should be true or false, got "perhaps"'),
        (str, {"a": 1}, "should be a string, got an object of 1"),
        (Scale, "kelvin", "should be 'celsius' or 'fahrenheit', got \"kelvin\""),
        (Literal["a", "b"], "c", "should be 'a' or 'b', got \"c\""),
        (list[str], "a", 'should be an array, got "a"'),
        (dict[str, int], 1, "should be an object, got 1"),
        (Guest, "A", 'should be an object, got "A"'),
        (Point, True, "should be an object, got true"),
        (Annotated[int, Field(ge=1)], 0, "should be greater than or equal to 1, got 0"),
        (Annotated[str, Field(min_length=2)], "a", "should have at least 2 characters, got"),
        (Annotated[str, Field(pattern="^a$")], "b", "should match pattern '^a$', got"),
        (Annotated[list[int], Field(max_length=1)], [1, 2], "should have at most 1 item"),
        (int | Scale, "x", "should be a whole number or 'celsius' or 'fahrenheit', got \"x\""),
        (date, "tomorrow", "should be a valid date"),
        (Payment, {"kind": "debt"}, "'kind' should be one of 'card', 'cash', got an object of 1"),
        (Annotated[int, Field(le=5)], 10**30, "got a very large number"),
    ],
)
def test_a_wrong_value_is_described_with_what_was_expected(
    annotation: Any, value: object, problem: str
) -> None:
    error = refusal(tool_for(annotation), {"some_value": value})

    assert len(error.problems) == 1
    assert error.problems[0].startswith("some_value: ")
    assert problem in error.problems[0]


def test_a_refusal_lists_all_that_is_wrong_and_asks_to_call_again() -> None:
    @tool
    def book(guests: list[Guest], at: Point, note: str = "") -> None:
        """Book."""

    error = refusal(book, {"guests": [{"fullName": "A"}, {"age": 200}], "nots": "x"})

    assert str(error) == (
        "Wrong arguments for book. Call it again with corrected arguments:\n"
        '- unknown argument "nots"; did you mean `note`?\n'
        "- guests[1].full_name: is missing\n"
        "- guests[1].age: should be less than or equal to 150, got 200\n"
        "- at: is missing"
    )
    assert len(error.problems) == 4


def test_an_unknown_name_inside_is_refused_also_where_the_type_would_ignore_it() -> None:
    error = refusal(tool_for(list[Guest]), {"some_value": [{"full_name": "A", "agee": 1}]})

    assert error.problems == ('unknown argument "agee" in some_value[0]; did you mean `age`?',)


def test_an_unknown_name_without_a_near_one_is_answered_with_all_names() -> None:
    assert refusal(tool_for(str, "x"), {"zzz": 1}).problems == (
        'unknown argument "zzz"; there are: some_value',
    )


def test_the_best_choice_of_a_union_is_the_one_that_is_explained() -> None:
    error = refusal(tool_for(Payment), {"some_value": {"kind": "card", "cardNumbr": "1"}})

    assert error.problems == (
        'unknown argument "cardNumbr" in some_value; did you mean `card_number`?',
        "some_value.card_number: is missing",
    )


def test_the_words_of_a_validator_reach_the_model() -> None:
    class Slot(BaseModel):
        hour: int

        @field_validator("hour")
        @classmethod
        def check(cls, value: int) -> int:
            if value < 9:
                raise ValueError("we open at 9")
            return value

    assert refusal(tool_for(Slot), {"some_value": {"hour": 7}}).problems == (
        "some_value.hour: we open at 9, got 7",
    )


@pytest.mark.parametrize("arguments", ["[1]", "5", 5, [], True, '{"some_value":', "\x00", b"\xff"])
def test_what_is_no_object_is_refused(arguments: object) -> None:
    assert refusal(tool_for(int), arguments).problems[0].startswith("arguments: ")


# Hostile arguments


def nested(depth: int, wrap: Callable[[Any], Any]) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = wrap(value)
    return value


HOSTILE: dict[str, Any] = {
    "many unknown names": {f"name{number}": "x" * 500 for number in range(5000)},
    "one endless name": {"n" * 1_000_000: 1},
    "names of control characters": {"\x00\x1b[31m\u202e\n" * 50: 1},
    "an endless text": {"some_value": "x" * 5_000_000},
    "a text of control characters": {"some_value": "\x00\r\n\u202e" * 5000},
    "an endless array": {"some_value": ["x"] * 500_000},
    "arrays in arrays": {"some_value": nested(5000, lambda inner: [inner])},
    "objects in objects": {"some_value": nested(5000, lambda inner: {"next_node": inner})},
    "objects in arrays": {"some_value": nested(2500, lambda inner: [{"a": inner}])},
    "an endless object": {"some_value": {str(number): number for number in range(100_000)}},
    "an endless number": {"some_value": 10**5000},
    "a number as endless text": {"some_value": "9" * 10_000},
    "names that are no text": {1: 2, None: 3, (1, 2): 4},
    "broken Unicode": {"some_value": "\ud800", "\ud800": 1},
    "JSON in JSON": {"some_value": "[" * 60_000},
    "endless JSON": "[" * 1_000_000,
    "deep JSON": "[" * 5000 + "]" * 5000,
    "an endless name inside": {"some_value": {"n" * 100_000: {"m" * 100_000: "x"}}},
}
STRICT = [
    int,
    list[int],
    Annotated[str, Field(max_length=10)],
    Node,
    list[Node],
    dict[str, int],
    dict[str, dict[str, int]],
    list[list[list[int]]],
    Payment,
    Node | list[Guest],
]


@pytest.mark.parametrize("annotation", STRICT)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_arguments_get_a_short_answer(name: str, annotation: Any) -> None:
    error = refusal(tool_for(annotation), HOSTILE[name])

    text = str(error)
    assert len(text) < 2500
    assert text.replace("\n", "").isprintable()
    quoted = "".join(re.findall(r'"([^"]*)"', text))
    assert len(quoted) <= MAX_ECHO + len(error.problems) * 3


@pytest.mark.parametrize("name", ["arrays in arrays", "objects in arrays", "an endless array"])
def test_size_is_bounded_also_where_anything_goes(name: str) -> None:
    for annotation in (Any, list[Any], dict[str, Any] | list[Any]):
        error = refusal(tool_for(annotation), HOSTILE[name])

        assert "is too large or nested too deeply" in str(error)


def test_sane_sizes_pass_where_anything_goes() -> None:
    value = {"rows": [{"a": [1, {"b": None}]}] * 1000}

    assert taken(Any, value) == value


def test_a_value_is_repeated_only_in_part() -> None:
    error = refusal(tool_for(int), {"some_value": "secret " * 100})

    assert 'got "secret secret' in str(error)
    assert "…" in str(error)
    assert len(str(error)) < 200


# Speed


def test_validation_costs_microseconds() -> None:
    @tool
    def get_weather(city: str, scale: Literal["celsius", "fahrenheit"] = "celsius") -> None:
        """Weather."""

    arguments = {"city": "Portland", "scale": "celsius"}
    seconds = min(repeat(lambda: get_weather.validate(arguments), number=1000, repeat=5)) / 1000

    # Measured about 3 µs; a model made per call would take 400.
    assert seconds < 60e-6


def test_what_is_too_large_is_said_once() -> None:
    @tool
    async def note(text: str) -> None:
        """Note a text."""

    with pytest.raises(ToolArgumentError) as error:
        note.validate({"text": "x" * 70_000})
    assert error.value.problems == ("text: is longer than 65536 characters",)
