"""A model's arguments: read leniently, validated strictly, refused with advice."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from app.tool import Tool, ToolArgumentError, tool
from tests.tool_kinds import (
    Aliased,
    Card,
    Guest,
    Node,
    Open,
    Payment,
    Point,
    Scale,
    refusal,
    schema_for,
    taken,
    tool_for,
)

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


@given(
    st.dictionaries(
        st.sampled_from(["city", "day", "share", "is_metric", "scale", "Day", "other"]),
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
        | st.sampled_from(["celsius", "12", "true"]),
    )
)  # fmt: skip
def test_the_quick_way_gives_what_the_slow_way_gives_or_nothing(arguments: dict[str, Any]) -> None:
    @tool
    def look(
        city: str,
        day: int | None,
        share: float = 0.5,
        is_metric: bool = True,
        scale: Literal["celsius", "fahrenheit"] = "celsius",
    ) -> None:
        """Look."""

    slow = look.with_options(once=True)
    assert look.arguments.quick is not None
    assert slow.arguments.quick is None
    try:
        quick = look.arguments.quick(arguments)
    except ValidationError:
        return
    defaults = {"share": 0.5, "is_metric": True, "scale": "celsius"}
    expected = slow.validate(arguments)
    assert {**defaults, **quick} == expected
    assert {name: type(value) for name, value in quick.items()} == {
        name: type(expected[name]) for name in quick
    }
