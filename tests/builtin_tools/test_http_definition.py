"""Definitions of HTTP tools: what may stand in them, and what the reader is told."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.builtin_tools.http import HttpTool
from app.builtin_tools.http.picking import NotThere, pick, read_path
from app.builtin_tools.http.url import Unfit, read_url

ORDER = {
    "type": "object",
    "properties": {"order": {"type": "string"}, "day": {"type": "string"}},
    "required": ["order"],
}
GIVEN: dict[str, Any] = {
    "name": "find_order",
    "description": "Find an order.",
    "url": "https://shop.example/orders/{order}?day={day}",
    "parameters": ORDER,
}


def complaint(**changes: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        HttpTool(**{**GIVEN, **changes})
    [error] = caught.value.errors()
    return f"{'.'.join(map(str, error['loc']))}: {error['msg']}"


def test_a_whole_definition_is_taken() -> None:
    tool = HttpTool(
        **GIVEN, secret_headers={"Authorization": "Bearer x"}, result_path="a[0].b", timeout=2
    )

    assert (tool.method, tool.timeout, tool.once) == ("GET", 2, False)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": "end_call"}, "name: 'end_call' is the name of a built-in tool"),
        ({"name": "a b"}, "name: String should match pattern"),
        ({"description": " "}, "description: String should match pattern"),
        ({"method": "TRACE"}, "method: Input should be"),
        ({"url": "ftp://shop.example/{order}"}, "url: expected an address that begins with"),
        ({"url": "https://{order}.example/"}, "url: the host is the same in every call"),
        ({"url": "https://shop.example:{order}/"}, "url: the host is the same in every call"),
        ({"url": "https://u:p@shop.example/"}, "url: 'https://shop.example/': it holds a user"),
        ({"url": "https://shop.example:22/"}, "url: 'https://shop.example:22/': port 22"),
        ({"url": "https://shop.example/#{order}"}, "url: what stands behind # is never sent"),
        ({"url": "https://shop.example/{}"}, "url: expected {argument}"),
        ({"url": "https://shop.example/{{order}}"}, "url: expected {argument}"),
        ({"url": "https://shop.example/{oder}"}, "url: {oder} is not one of `parameters`"),
        ({"url": "https://shop.example/{call.pin}"}, "url: {call.pin} is not a value of the call"),
        ({"url": "https://shop.example/{day}"}, "url: {day} stands in the path, so it must"),
        ({"headers": {"X Y": "1"}}, "headers.X Y: is no name of a header"),
        ({"headers": {"Host": "x"}}, "headers.Host: is no name of a header that may be set"),
        ({"headers": {"A": "1\r\nB: 2"}}, "headers.A: String should match pattern"),
        ({"headers": {"A": "1"}, "secret_headers": {"a": "2"}}, "secret_headers.a: is set twice"),
        ({"parameters": {"type": "string"}, "url": "https://a.example/"}, "parameters.type: exp"),
        ({"result_path": "a..b"}, "result_path: expected a path such as"),
        ({"filler": "One moment.", "timeout": 0.5}, "filler: is heard after 1 s"),
        ({"timeout": 16}, "timeout: Input should be less than or equal to 15"),
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
    ],
)
def test_what_is_wrong_is_named_with_the_fix(changes: dict[str, Any], expected: str) -> None:
    assert complaint(**changes).startswith(expected)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"$ref": "https://evil.example/schema"}, "parameters.properties.order.$ref: expected a"),
        ({"$ref": "file:///etc/passwd"}, "parameters.properties.order.$ref: expected a reference"),
        ({"pattern": "(a+)+(?=b)"}, "parameters.properties.order.pattern: expected a pattern with"),
        ({"patternProperties": {"a": {}}}, "parameters.properties.order.patternProperties: is not"),
        ({"type": "strnig"}, "parameters.properties.order.type: 'strnig' is not valid"),
    ],
)
def test_a_schema_that_is_not_safe_is_refused(parameters: dict[str, Any], expected: str) -> None:
    schema = {**ORDER, "properties": {**ORDER["properties"], "order": parameters}}  # type: ignore[dict-item]

    assert complaint(parameters=schema).startswith(expected)


def test_a_schema_that_contains_itself_is_refused() -> None:
    schema = {**ORDER, "$defs": {"a": {"$ref": "#/$defs/a"}}}

    assert complaint(parameters=schema).startswith("parameters.$defs.a: expected a definition")


def test_a_schema_that_is_too_large_is_refused() -> None:
    schema = {**ORDER, "description": "x" * 9000}

    assert complaint(parameters=schema) == "parameters: expected at most 8192 bytes of JSON"


URL = read_url("https://shop.example/orders/{order}/items?day={day}&x=1&phone={call.number}")


@pytest.mark.parametrize(
    ("values", "asked"),
    [
        ({"order": "7"}, "/orders/7/items?x=1"),
        ({"order": "a/b?c#d%2e e&f"}, "/orders/a%2Fb%3Fc%23d%252e%20e%26f/items?x=1"),
        ({"order": "../admin"}, "/orders/..%2Fadmin/items?x=1"),
        ({"order": 7, "day": "a&b=c"}, "/orders/7/items?day=a%26b%3Dc&x=1"),
        ({"order": True, "day": ["a", 1]}, "/orders/true/items?day=%5B%22a%22%2C1%5D&x=1"),
        ({"order": "7", "call.number": "+1508"}, "/orders/7/items?x=1&phone=%2B1508"),
    ],
)
def test_a_value_is_escaped_for_where_it_stands(values: dict[str, Any], asked: str) -> None:
    assert URL.fill(values, {}) == f"https://shop.example{asked}"


@pytest.mark.parametrize("value", ["", " ", None, ".", ".."])
def test_a_value_cannot_move_the_path(value: str | None) -> None:
    with pytest.raises(Unfit):
        read_url("https://shop.example/orders/{order}").fill({"order": value}, {})


def test_other_arguments_go_behind_the_query_string() -> None:
    filled = URL.fill({"order": "7"}, {"q": "a b", "tag": ["x", "y"], "none": None})

    assert filled == "https://shop.example/orders/7/items?x=1&q=a%20b&tag=x&tag=y"


ANSWER = {"orders": [{"id": 1, "status": "sent"}, {"id": 2}], "a b": {"c": None}}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("orders[0].status", "sent"),
        ("orders[*].id", [1, 2]),
        ("orders", ANSWER["orders"]),
        ('["a b"].c', None),
    ],
)
def test_a_path_leads_to_a_part_of_the_answer(path: str, found: object) -> None:
    assert pick(ANSWER, read_path(path)) == found


@pytest.mark.parametrize(
    "path", ["orders[2]", "orders.id", "x", "orders[*].status", "orders[0][0]"]
)
def test_a_path_that_leads_nowhere_is_told(path: str) -> None:
    with pytest.raises(NotThere):
        pick(ANSWER, read_path(path))


@pytest.mark.parametrize("path", ["", ".a", "a.", "a[", "a[-1]", "a b", "a[1.5]"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"expected a path such as orders\[0\]"):
        read_path(path)
