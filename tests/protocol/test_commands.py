"""Mid-call updates in their wire form."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.protocol import (
    BadUpdate,
    GenerateReply,
    InjectContext,
    UpdateInstructions,
    UpdateTools,
    parse_update,
)

TOOL = {"name": "f", "description": "d", "parameters": {"type": "object"}}
WIRE: list[dict[str, Any]] = [
    {"type": "update_instructions", "instructions": "You now handle billing."},
    {"type": "inject_context", "messages": [{"role": "user", "content": "gold tier"}]},
    {"type": "update_tools", "tools": [TOOL]},
    {"type": "update_tools", "tools": []},
    {"type": "generate_reply"},
    {"type": "generate_reply", "user_input": "x", "instructions": "y", "interrupt": False},
]


@pytest.mark.parametrize("data", WIRE)
def test_an_update_comes_out_as_it_went_in(data: dict[str, Any]) -> None:
    assert parse_update(data).to_wire() == data


def test_each_update_has_its_type() -> None:
    types = [type(parse_update(data)) for data in WIRE]

    assert types == [
        UpdateInstructions,
        InjectContext,
        UpdateTools,
        UpdateTools,
        GenerateReply,
        GenerateReply,
    ]


def test_tools_in_the_form_of_openai_come_out_flat() -> None:
    update = parse_update(
        {"type": "update_tools", "tools": [{"type": "function", "function": TOOL}]}
    )

    assert update == UpdateTools([TOOL])


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ([], "agent_update"),
        ({}, "type"),
        ({"type": "say"}, "type"),
        ({"type": "update_instructions"}, "instructions"),
        ({"type": "update_instructions", "instructions": "  "}, "instructions"),
        ({"type": "update_instructions", "instructions": "x", "extra": 1}, "extra"),
        ({"type": "inject_context", "messages": []}, "messages"),
        ({"type": "inject_context", "messages": ["x"]}, "messages[0]"),
        ({"type": "inject_context", "messages": [{"role": "boss"}]}, "messages[0].role"),
        ({"type": "inject_context", "messages": [{"role": "user"}]}, "messages[0].content"),
        ({"type": "update_tools"}, "tools"),
        ({"type": "update_tools", "tools": [{}]}, "tools[0].name"),
        ({"type": "update_tools", "tools": [TOOL, TOOL]}, "tools[1].name"),
        (
            {"type": "update_tools", "tools": [{"name": "f", "parameters": 1}]},
            "tools[0].parameters",
        ),
        ({"type": "generate_reply", "interrupt": "yes"}, "interrupt"),
        ({"type": "generate_reply", "user_input": 3}, "user_input"),
    ],
)
def test_a_wrong_update_names_its_field(data: Any, field: str) -> None:
    with pytest.raises(BadUpdate) as caught:
        parse_update(data)

    assert caught.value.field == field
    assert caught.value.message


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["type", "messages", "tools", "instructions", "role", "content"]),
                inner,
            )
        ),
        max_leaves=10,
    )
)
def test_no_value_breaks_the_parser(data: Any) -> None:
    try:
        parse_update(data)
    except BadUpdate as error:
        assert error.field
