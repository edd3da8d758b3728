"""What a tool returns becomes a bounded object of plain JSON."""

import enum
import uuid
from collections import OrderedDict, deque, namedtuple
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import IPv4Address
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from app.tool import ToolError, UnencodableResult
from app.tool import encode_result as encode_to_text
from app.tool.result import once_key


def encode_result(value: object, **options: Any) -> dict[str, Any]:
    output: dict[str, Any] = orjson.loads(encode_to_text(value, **options))
    return output


class Sky(enum.Enum):
    CLEAR = "clear"


class Level(enum.IntEnum):
    LOW = 1


@dataclass(slots=True)
class Wind:
    speed: float
    sky: Sky = Sky.CLEAR
    notes: set[str] = field(default_factory=set)


class Report(BaseModel):
    day: date
    wind: Wind
    price: Decimal = Decimal("1.50")


Slot = namedtuple("Slot", "start end")

JSON: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@pytest.mark.parametrize(
    ("value", "output"),
    [
        (None, {"result": None}),
        ("sunny", {"result": "sunny"}),
        (True, {"result": True}),
        (3, {"result": 3}),
        (1.5, {"result": 1.5}),
        ([1, "a"], {"result": [1, "a"]}),
        ((1, 2), {"result": [1, 2]}),
        ({}, {}),
        ({"a": {"b": [None]}}, {"a": {"b": [None]}}),
        ({"result": 1}, {"result": 1}),
        ({"b", "a"}, {"result": ["a", "b"]}),
        (frozenset({2, 1}), {"result": [1, 2]}),
        (deque([1]), {"result": [1]}),
        (range(3), {"result": [0, 1, 2]}),
        ({"a": 1}.keys(), {"result": ["a"]}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (OrderedDict(a=1), {"a": 1}),
        (Slot(1, 2), {"start": 1, "end": 2}),
        (Sky.CLEAR, {"result": "clear"}),
        (Level.LOW, {"result": 1}),
        (date(2026, 1, 2), {"result": "2026-01-02"}),
        (datetime(2026, 1, 2, tzinfo=UTC), {"result": "2026-01-02T00:00:00+00:00"}),
        (timedelta(minutes=90), {"result": "PT1H30M"}),
        (uuid.UUID(int=1), {"result": "00000000-0000-0000-0000-000000000001"}),
        (Decimal("0.10"), {"result": "0.10"}),
        (Decimal("NaN"), {"result": None}),
        (float("nan"), {"result": None}),
        ({"a": [float("inf"), -float("inf")]}, {"a": [None, None]}),
        (b"text", {"result": "text"}),
        (b"\xff\x00", {"result": "/wA="}),
        (bytearray(b"ab"), {"result": "ab"}),
        (Path("a"), {"result": "a"}),
        (IPv4Address("192.0.2.1"), {"result": "192.0.2.1"}),
        (2**70, {"result": str(2**70)}),
        ({"a": [2**70, Slot(Sky.CLEAR, {2})]}, {"a": [str(2**70), {"start": "clear", "end": [2]}]}),
        ({1: "a", Sky.CLEAR: "b", None: "c"}, {"1": "a", "clear": "b", "null": "c"}),
        ("broken \ud800", {"result": "broken ?"}),
        ({"\ud800": Wind(1.0)}, {"?": {"speed": 1.0, "sky": "clear", "notes": []}}),
        (Wind(1.0, notes={"b", "a"}), {"speed": 1.0, "sky": "clear", "notes": ["a", "b"]}),
        (
            [Report(day=date(2026, 1, 2), wind=Wind(2.0))],
            {
                "result": [
                    {
                        "day": "2026-01-02",
                        "wind": {"speed": 2.0, "sky": "clear", "notes": []},
                        "price": "1.50",
                    }
                ]
            },
        ),
    ],
)
def test_a_value_becomes_an_object_of_plain_json(value: object, output: dict[str, Any]) -> None:
    assert encode_result(value) == output


def circle() -> object:
    items: list[object] = []
    items.append(items)
    return items


def deep() -> object:
    items: list[object] = []
    for _ in range(10_000):
        items = [items]
    return items


@pytest.mark.parametrize(
    "make", [object, circle, deep, lambda: (x for x in "ab"), lambda: {"a": open}, lambda: Sky]
)
def test_what_json_cannot_hold_is_a_neutral_error_with_a_reason_for_the_author(
    make: Callable[[], object],
) -> None:
    with pytest.raises(UnencodableResult) as caught:
        encode_result(make())

    assert isinstance(caught.value, ToolError)
    assert "The tool failed" in str(caught.value)
    assert "no JSON form" in caught.value.reason
    assert "return a dict, list, str" in caught.value.reason


def test_the_result_is_a_copy() -> None:
    value = {"a": [1]}
    output = encode_result(value)
    value["a"].append(2)

    assert output == {"a": [1]}


# Limits


def test_a_result_of_exactly_the_limit_is_whole() -> None:
    exact = "a" * (4096 - len('{"result":""}'))

    assert encode_result(exact) == {"result": exact}
    assert "note" in encode_result(exact + "a")


def test_a_long_text_is_cut_with_a_note() -> None:
    output = encode_result("word " * 2000)

    kept = len(output["result"])
    assert output == {
        "result": ("word " * 2000)[:kept],
        "note": f"cut from 10002 to {kept} bytes; ask for less",
    }
    assert 3900 < len(orjson.dumps(output)) <= 4096


def test_a_long_text_in_an_object_of_its_own_is_cut_alike() -> None:
    assert encode_result({"result": "a" * 5000})["result"].startswith("aaa")


def test_other_long_results_are_cut_as_json_text() -> None:
    rows = encode_result([{"id": number} for number in range(1000)])
    fields = encode_result({"rows": list(range(2000)), "total": 2000})

    assert rows["result"].startswith('[{"id":0},{"id":1}')
    assert fields["result"].startswith('{"rows":[0,1,2')
    assert rows["note"].endswith("bytes; ask for less")
    assert len(orjson.dumps(rows)) <= 4096


def test_a_cut_never_splits_a_letter() -> None:
    output = encode_result("🌧é" * 3000, limit=500)

    assert output["result"] == ("🌧é" * 3000)[: len(output["result"])]
    assert 400 < len(orjson.dumps(output)) <= 500


@given(JSON)
def test_short_json_is_kept_as_it_is(value: object) -> None:
    output = encode_result(value, limit=1_000_000)

    assert output == (value if isinstance(value, dict) else {"result": value})
    assert encode_result(output, limit=1_000_000) == output


@given(JSON | st.text('"\\\x00é🌧a', min_size=100), st.integers(128, 400))
def test_no_result_is_over_its_limit(value: object, limit: int) -> None:
    assert len(orjson.dumps(encode_result(value, limit=limit))) <= limit


# Keys of calls that run once


def test_equal_arguments_have_equal_keys() -> None:
    one = once_key({"a": {"x", "y", "z"}, "b": {"p": 1, "q": Sky.CLEAR}})
    other = once_key({"b": {"q": Sky.CLEAR, "p": 1}, "a": {"z", "y", "x"}})

    assert one == other
    assert len({once_key({"a": value}) for value in ("1", 1, None, [1], {"a": 1}, True)}) == 6


def test_a_key_is_short_however_large_the_arguments_are() -> None:
    assert len(once_key({"a": "x" * 100_000, "n": 2**80})) == 32
