"""What Gemini is asked, without its SDK."""

import json
from dataclasses import replace
from typing import Any

import pytest

from app.llm import (
    CALL_CONNECTED,
    CALLER_SILENT,
    ChatMessage,
    ChatRequest,
    Effort,
    ToolCall,
    ToolDefinition,
)
from app.llm.google.request import UNSIGNED, NativeTurn
from app.llm.google.request import arguments as arguments_of
from app.llm.history import mend
from tests.llm.asking import HI, ask, used
from tests.llm.hearing import WEATHER

MODEL = "gemini-2.5-flash"
SIGNING = "gemini-3-flash-preview"
PARIS = ToolCall("a", "get_weather", {"city": "Paris"})
ROME = ToolCall("b", "get_weather", {"city": "Rome"})


def arguments(request: ChatRequest, model: str = MODEL) -> dict[str, Any]:
    mended = replace(request, messages=mend(request.messages))  # as the runtime does
    return arguments_of(mended, model)


def contents(request: ChatRequest, model: str = MODEL) -> list[tuple[str, list[dict[str, Any]]]]:
    return [(turn["role"], turn["parts"]) for turn in arguments(request, model)["contents"]]


def test_the_system_prompt_is_an_instruction_and_no_function_is_called_by_the_sdk() -> None:
    found = arguments(ask(HI, system="Be kind."))

    assert found["config"]["system_instruction"] == "Be kind."
    assert found["config"]["automatic_function_calling"] == {"disable": True}
    assert found["contents"] == [{"role": "user", "parts": [{"text": "Hi"}]}]
    assert "system_instruction" not in arguments(ask(HI, system=" "))["config"]


def test_a_schema_goes_out_as_it_stands() -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": ["string", "null"]}, "day": {"$ref": "#/$defs/day"}},
        "$defs": {"day": {"const": "today"}},
        "additionalProperties": False,
    }

    config = arguments(ask(HI, tools=(ToolDefinition("get", "", schema),)))["config"]

    (declared,) = config["tools"][0]["function_declarations"]
    assert declared == {"name": "get", "parameters_json_schema": schema}


def test_contents_are_never_empty_and_begin_and_end_on_the_callers_side() -> None:
    silent = ChatMessage("assistant", "Welcome!")

    assert contents(ask(ChatMessage("user", " "))) == [("user", [{"text": CALL_CONNECTED}])]
    assert contents(ask(silent)) == [
        ("user", [{"text": CALL_CONNECTED}]),
        ("model", [{"text": "Welcome!"}]),
        ("user", [{"text": CALLER_SILENT}]),
    ]


def test_outputs_stand_together_behind_their_calls_in_the_order_of_the_calls() -> None:
    turn = ChatMessage("assistant", "Let me see.", (PARIS, ROME))

    found = contents(ask(HI, turn, used(ROME, '{"degrees": 22}'), used(PARIS, "21"), HI))

    assert [role for role, _ in found] == ["user", "model", "user"]
    assert found[1][1] == [
        {"text": "Let me see."},
        {"function_call": {"name": "get_weather", "args": {"city": "Paris"}}},
        {"function_call": {"name": "get_weather", "args": {"city": "Rome"}}},
    ]
    first, second, text = found[2][1]
    assert first["function_response"] == {"name": "get_weather", "response": {"output": "21"}}
    assert second["function_response"]["response"] == {"output": {"degrees": 22}}
    assert text == {"text": "Hi"}


def native_turn(model: str = SIGNING, ids: frozenset[str] = frozenset()) -> ChatMessage:
    calls = [{"name": call.name, "args": dict(call.arguments)} for call in (PARIS, ROME)]
    parts = (
        {"function_call": calls[0], "thought_signature": b"signed"},
        {"function_call": calls[1]},
    )
    return ChatMessage("assistant", "", (PARIS, ROME), native=NativeTurn(model, parts, ids))


def test_a_turn_is_replayed_as_its_model_made_it() -> None:
    turn = native_turn()

    found = contents(ask(HI, turn, used(PARIS), used(ROME)), SIGNING)

    assert found[1] == ("model", list(turn.native.parts))  # type: ignore[attr-defined]


def test_another_models_signatures_are_not_replayed_and_the_first_call_says_so() -> None:
    found = contents(ask(HI, native_turn("gemini-3-pro-preview"), used(PARIS)), SIGNING)

    first, second = found[1][1]
    assert first["thought_signature"] == UNSIGNED
    assert "thought_signature" not in second


def test_a_model_that_does_not_sign_is_sent_no_signature() -> None:
    found = contents(ask(HI, native_turn(), used(PARIS)), MODEL)

    assert all("thought_signature" not in part for part in found[1][1])


def test_what_another_vendor_keeps_of_a_turn_is_ignored() -> None:
    turn = ChatMessage("assistant", "Fine.", native={"anything": 1})

    assert contents(ask(HI, turn, HI))[1] == ("model", [{"text": "Fine."}])


def test_only_the_vendors_own_ids_go_back() -> None:
    turn = native_turn(ids=frozenset({"a"}))

    found = contents(ask(HI, turn, used(PARIS), used(ROME)), SIGNING)

    assert [part["function_response"].get("id") for part in found[2][1]] == ["a", None]


@pytest.mark.parametrize(
    ("model", "effort", "expected"),
    [
        ("gemini-2.5-flash", None, {"thinking_budget": 0}),
        ("gemini-2.5-flash-lite", "minimal", {"thinking_budget": 0}),
        ("gemini-2.5-pro", "minimal", {"thinking_budget": 128}),
        ("gemini-2.5-pro", "low", {"thinking_budget": 1024}),
        ("gemini-3-flash-preview", None, {"thinking_level": "MINIMAL"}),
        ("gemini-3.1-flash-lite", "minimal", {"thinking_level": "MINIMAL"}),
        ("gemini-3.8-flash", "minimal", {"thinking_level": "LOW"}),
        ("gemini-3-pro-preview", None, {"thinking_level": "LOW"}),
        ("gemini-3-pro-preview", "medium", {"thinking_level": "LOW"}),
        ("gemini-3.1-pro-preview", "medium", {"thinking_level": "MEDIUM"}),
        ("gemini-3.8-flash", "high", {"thinking_level": "HIGH"}),
        ("gemini-2.0-flash", "high", None),
        ("gemma-3-27b-it", None, None),
    ],
)
def test_each_generation_is_told_in_its_own_way_how_hard_to_think(
    model: str, effort: Effort | None, expected: dict[str, Any] | None
) -> None:
    found = arguments(ask(HI, reasoning_effort=effort), model)["config"]

    assert found.get("thinking_config") == expected


def test_room_for_thoughts_comes_on_top_of_the_replys_limit() -> None:
    request = ask(HI, max_tokens=200, temperature=0.5)

    assert arguments(request)["config"]["max_output_tokens"] == 200
    assert arguments(request, "gemini-2.5-pro")["config"]["max_output_tokens"] == 328
    assert arguments(request)["config"]["temperature"] == 0.5
    assert "max_output_tokens" not in arguments(ask(HI))["config"]


def test_a_request_changes_nothing_of_the_history() -> None:
    request = ask(HI, native_turn(), used(PARIS), used(ROME), HI, tools=(WEATHER,))
    before = repr(request)

    arguments(request, SIGNING)
    arguments(request, MODEL)

    assert repr(request) == before
    assert "a" in json.dumps([call.id for call in request.messages[1].tool_calls])
