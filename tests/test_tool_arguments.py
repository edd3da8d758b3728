"""A model's arguments: read leniently, validated strictly, refused with advice."""

import enum
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from timeit import repeat
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator

from app.tool import Tool, ToolArgumentError, tool
from app.tool.reading import MAX_ECHO


class Scale(enum.Enum):
    CELSIUS = "celsius"
    FAHRENHEIT = "fahrenheit"


@dataclass
class Point:
    pos_x: float
    pos_y: float = 0.0
    labels: list[str] = field(default_factory=list)


class Guest(BaseModel):
    full_name: str
    age: Annotated[int, Field(ge=0, le=150)] | None = None
    is_member: bool = False


class Node(BaseModel):
    value: int
    next_node: "Node | None" = None


class Card(BaseModel):
    kind: Literal["card"]
    card_number: str


class Cash(BaseModel):
    kind: Literal["cash"]
    amount: Annotated[Decimal, Field(gt=0)]


class Aliased(BaseModel):
    city: Annotated[str, Field(alias="cityName")]


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    known_key: int = 0


Payment = Annotated[Card | Cash, Field(discriminator="kind")]


def tool_for(annotation: Any, default: Any = ...) -> Tool[..., Any]:
    """A tool with one parameter, ``some_value``."""

    def take(some_value: Any) -> Any:
        return some_value

    take.__annotations__["some_value"] = annotation
    if default is not ...:
        take.__defaults__ = (default,)
    return tool(description="Take it.")(take)


def schema_for(annotation: Any, default: Any = ...) -> Any:
    return tool_for(annotation, default).parameters["properties"]["some_value"]


def taken(annotation: Any, value: object, default: Any = ...) -> object:
    return tool_for(annotation, default).validate({"some_value": value})["some_value"]


def refusal(offered: Tool[..., Any], arguments: object) -> ToolArgumentError:
    with pytest.raises(ToolArgumentError) as caught:
        offered.validate(arguments)
    return caught.value


# The schema


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (str, {"type": "string"}),
        (int, {"type": "integer"}),
        (float, {"type": "number"}),
        (bool, {"type": "boolean"}),
        (Any, {}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Literal["a"], {"type": "string", "enum": ["a"]}),
        (Scale, {"type": "string", "enum": ["celsius", "fahrenheit"]}),
        (date, {"type": "string", "format": "date"}),
        (datetime, {"type": "string", "format": "date-time"}),
        (Decimal, {"type": "number"}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (set[str], {"type": "array", "items": {"type": "string"}, "uniqueItems": True}),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (
            tuple[float, float],
            {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
        ),
        (
            tuple[str, int],
            {
                "type": "array",
                "prefixItems": [{"type": "string"}, {"type": "integer"}],
                "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                "minItems": 2,
                "maxItems": 2,
            },
        ),
        (str | None, {"type": ["string", "null"]}),
        (Scale | None, {"type": ["string", "null"], "enum": ["celsius", "fahrenheit", None]}),
        (int | str, {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        (
            Annotated[int, Field(ge=1, le=8, description="How many.")],
            {"type": "integer", "description": "How many.", "minimum": 1, "maximum": 8},
        ),
        (
            Aliased,
            {
                "type": "object",
                "properties": {"cityName": {"type": "string"}},
                "required": ["cityName"],
                "additionalProperties": False,
            },
        ),
        (
            Guest,
            {
                "type": "object",
                "properties": {
                    "full_name": {"type": "string"},
                    "age": {"type": "integer", "minimum": 0, "maximum": 150},
                    "is_member": {"type": "boolean", "default": False},
                },
                "required": ["full_name"],
                "additionalProperties": False,
            },
        ),
    ],
)
def test_a_type_has_the_schema_that_models_read_best(annotation: Any, schema: object) -> None:
    assert schema_for(annotation) == schema


@pytest.mark.parametrize(
    ("annotation", "default", "schema"),
    [
        (str | None, None, {"type": "string"}),
        (str | None, "x", {"type": ["string", "null"], "default": "x"}),
        (Scale | None, None, {"type": "string", "enum": ["celsius", "fahrenheit"]}),
        (int | str | None, None, {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        (Literal["a", None], None, {"enum": ["a"]}),
        (
            Scale,
            Scale.CELSIUS,
            {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
        ),
        (Any, object(), {}),
    ],
)
def test_null_is_offered_only_where_leaving_out_does_not_say_it(
    annotation: Any, default: Any, schema: dict[str, Any]
) -> None:
    assert schema_for(annotation, default) == schema
    assert "required" not in tool_for(annotation, default).parameters


def test_a_nested_type_is_written_in_place() -> None:
    schema = schema_for(list[Payment])

    assert "$defs" not in str(schema)
    assert [option["properties"]["kind"]["enum"] for option in schema["items"]["anyOf"]] == [
        ["card"],
        ["cash"],
    ]


def test_a_type_that_contains_itself_keeps_its_definition() -> None:
    parameters = tool_for(Node | None, None).parameters

    assert parameters["properties"]["some_value"] == {"$ref": "#/$defs/Node"}
    assert parameters["$defs"]["Node"]["properties"]["next_node"] == {"$ref": "#/$defs/Node"}


def test_words_of_the_schema_may_be_names_of_arguments() -> None:
    class Odd(BaseModel):
        title: str
        default: int | None = None
        properties: dict[str, str] = {}

    schema = schema_for(Odd)

    assert list(schema["properties"]) == ["title", "default", "properties"]
    assert schema["properties"]["title"] == {"type": "string"}


# Round trips

KINDS: list[tuple[Any, Any]] = [
    (str, st.text()),
    (int, st.integers(-(2**63), 2**64 - 1)),
    (float, st.floats(allow_nan=False, allow_infinity=False)),
    (bool, st.booleans()),
    (Literal["a", 3, None], st.sampled_from(["a", 3, None])),
    (Scale, st.sampled_from(["celsius", "fahrenheit"])),
    (date, st.dates().map(date.isoformat)),
    (datetime, st.datetimes().map(datetime.isoformat)),
    (Decimal, st.integers(-(10**9), 10**9)),
    (UUID, st.uuids().map(str)),
    (list[int], st.lists(st.integers(-100, 100))),
    (set[str], st.lists(st.text(), unique=True)),
    (tuple[int, ...], st.lists(st.integers(-100, 100))),
    (tuple[str, int], st.tuples(st.text(), st.integers(0, 9)).map(list)),
    (dict[str, bool], st.dictionaries(st.text(), st.booleans())),
    (int | str, st.integers(-100, 100) | st.text()),
    (bool | None, st.booleans() | st.none()),
    (Annotated[str, Field(min_length=2, max_length=4)], st.text(min_size=2, max_size=4)),
    (Annotated[int, Field(ge=1, le=5)], st.integers(1, 5)),
    (
        Point,
        st.fixed_dictionaries(
            {"pos_x": st.integers(-9, 9)},
            optional={"pos_y": st.floats(0, 1), "labels": st.lists(st.text())},
        ),
    ),
    (
        list[Guest],
        st.lists(
            st.fixed_dictionaries(
                {"full_name": st.text()},
                optional={"age": st.integers(0, 150), "is_member": st.booleans()},
            )
        ),
    ),
    (
        Node,
        st.recursive(
            st.fixed_dictionaries({"value": st.integers(-9, 9)}),
            lambda inner: st.fixed_dictionaries({"value": st.just(1), "next_node": inner}),
            max_leaves=5,
        ),
    ),
    (
        Payment,
        st.fixed_dictionaries({"kind": st.just("card"), "card_number": st.text()})
        | st.fixed_dictionaries({"kind": st.just("cash"), "amount": st.integers(1, 9)}),
    ),
]
TOOLS = [(tool_for(annotation), annotation, values) for annotation, values in KINDS]


@pytest.mark.parametrize(("annotation", "values"), KINDS)
def test_the_schema_itself_is_valid(annotation: Any, values: object) -> None:
    Draft202012Validator.check_schema(tool_for(annotation).parameters)


@given(st.data())
def test_values_that_the_schema_allows_arrive_as_annotated(data: st.DataObject) -> None:
    offered, annotation, values = data.draw(st.sampled_from(TOOLS))
    arguments = {"some_value": data.draw(values)}

    assert Draft202012Validator(offered.parameters).is_valid(arguments)
    value = offered.validate(arguments)["some_value"]
    expected = TypeAdapter(annotation).validate_python(arguments["some_value"])
    assert value == expected
    assert type(value) is type(expected)


ANYTHING: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(width=32) | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.text()
            | st.sampled_from(["pos_x", "posX", "value", "kind", "full_name", "nextNode"]),
            inner,
        )
    ),
    max_leaves=20,
)


@given(st.sampled_from(TOOLS), ANYTHING | st.fixed_dictionaries({"some_value": ANYTHING}))
def test_any_json_is_accepted_or_refused_with_a_bounded_text(
    offered: tuple[Tool[..., Any], Any, Any], arguments: object
) -> None:
    try:
        values = offered[0].validate(arguments)
    except ToolArgumentError as error:
        assert 1 <= len(error.problems) <= 8
        assert len(str(error)) < 3000
        assert str(error).replace("\n", "").isprintable()
    else:
        assert list(values) == ["some_value"]


PLAIN = [
    one
    for one in TOOLS
    # JSON Schema knows "format" only as a remark, and holds 1 and 1.0 for equal.
    if "format" not in str(one[0].parameters) and one[1] not in (Decimal, set[str])
]


@given(st.sampled_from(PLAIN), ANYTHING)
@example(next(one for one in PLAIN if one[1] is int), 5.0)
def test_whatever_the_schema_allows_is_accepted(
    offered: tuple[Tool[..., Any], Any, Any], value: object
) -> None:
    arguments = {"some_value": value}
    if Draft202012Validator(offered[0].parameters).is_valid(arguments):
        offered[0].validate(arguments)


# What is forgiven


@pytest.mark.parametrize(
    "key", ["some_value", "someValue", "SomeValue", "some-value", "SOME_VALUE"]
)
def test_a_name_may_be_written_differently(key: str) -> None:
    assert tool_for(str).validate({key: "x"}) == {"some_value": "x"}


def test_names_are_forgiven_at_any_depth() -> None:
    assert taken(list[Guest], [{"fullName": "A", "isMember": True}]) == [
        Guest(full_name="A", is_member=True)
    ]
    assert taken(Node, {"value": 1, "nextNode": {"Value": 2}}) == Node(
        value=1, next_node=Node(value=2)
    )
    assert taken(Payment, {"kind": "card", "cardNumber": "1"}) == Card(kind="card", card_number="1")
    assert taken(dict[str, Point], {"someKey": {"posX": 1}}) == {"someKey": Point(1.0)}
    assert taken(tuple[str, Point], ["a", {"posX": 1}]) == ("a", Point(1.0))
    assert taken(Aliased, {"city_name": "Oslo"}) == Aliased.model_validate({"cityName": "Oslo"})


def test_the_exact_name_wins_over_a_similar_one() -> None:
    error = refusal(tool_for(str), {"someValue": "a", "some_value": "b"})

    assert error.problems == ('unknown argument "someValue"; did you mean `some_value`?',)


def test_names_that_differ_only_in_writing_must_be_exact() -> None:
    @tool
    def both(city_name: str, cityName: str) -> None:  # noqa: N803
        """Two."""

    assert both.validate({"city_name": "a", "cityName": "b"}) == {"city_name": "a", "cityName": "b"}
    assert "unknown argument" in str(refusal(both, {"CityName": "a", "cityName": "b"}))


def test_null_stands_for_the_default_unless_null_is_a_value() -> None:
    assert taken(int, None, default=3) == 3
    assert taken(str | None, None, default="x") is None
    assert taken(str | None, None, default=None) is None
    assert taken(Any, None, default=1) is None
    assert taken(Guest, {"full_name": "A", "is_member": None}) == Guest(full_name="A")
    assert "some_value: should be a whole number, got null" in str(
        refusal(tool_for(int), {"some_value": None})
    )


@pytest.mark.parametrize(
    ("annotation", "given", "value"),
    [
        (int, " 5 ", 5),
        (int, 5.0, 5),
        (float, "1.5", 1.5),
        (bool, "true", True),
        (bool, "no", False),
        (str, 12345, "12345"),
        (Decimal, "1.50", Decimal("1.50")),
        (list[int], "[1, 2]", [1, 2]),
        (list[int], ["1"], [1]),
        (Point, ' {"posX": "1"}', Point(1.0)),
        (list[int] | None, "[1]", [1]),
        (str, "[1]", "[1]"),
        (str | list[int], "[1]", "[1]"),
        (int | str, "5", "5"),
    ],
)
def test_what_is_clearly_meant_is_converted(annotation: Any, given: object, value: object) -> None:
    found = taken(annotation, given)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("arguments", ['{"some_value": 1}', b'{"some_value": "1"}'])
def test_arguments_may_come_as_json_text(arguments: object) -> None:
    assert tool_for(int).validate(arguments) == {"some_value": 1}


def test_an_open_object_keeps_its_keys() -> None:
    assert taken(dict[str, object], {"cityName": {"a_b": 1}}) == {"cityName": {"a_b": 1}}
    assert taken(Open, {"knownKey": 1, "otherKey": 2}) == Open.model_validate(
        {"known_key": 1, "otherKey": 2}
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
