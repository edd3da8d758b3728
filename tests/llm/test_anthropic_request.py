"""What Claude is asked, without its SDK."""

import json
from dataclasses import replace
from typing import Any

import pytest

from app.llm import CALL_CONNECTED, CALLER_SILENT, ChatMessage, ChatRequest, Effort, ToolCall
from app.llm.anthropic.request import NativeTurn
from app.llm.anthropic.request import ask as ask_claude
from app.llm.history import INTERRUPTED, mend
from tests.llm.asking import HI, ask, used
from tests.llm.hearing import WEATHER

MODEL = "claude-haiku-4-5-20251001"
BINDING = "claude-haiku-5-5"
PARIS = ToolCall("a", "get_weather", {"city": "Paris"})
ROME = ToolCall("b", "get_weather", {"city": "Rome"})


def arguments(request: ChatRequest, model: str = MODEL) -> dict[str, Any]:
    mended = replace(request, messages=mend(request.messages))  # as the runtime does
    return ask_claude(mended, model).arguments


def said(arguments: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Each message's role and the types of its blocks, or its texts."""
    return [
        (message["role"], [block.get("text", block["type"]) for block in message["content"]])
        for message in arguments["messages"]
    ]


def test_the_system_prompt_stands_at_the_top_and_there_is_always_a_limit() -> None:
    found = arguments(ask(HI, system="Be kind."))

    assert [block["text"] for block in found["system"]] == ["Be kind."]
    assert found["max_tokens"] == 4096
    assert said(found) == [("user", ["Hi"])]
    assert "temperature" not in found
    assert "tools" not in found


def test_a_blank_system_prompt_is_not_sent() -> None:
    assert "system" not in arguments(ask(HI, system=" \n"))


def test_marks_for_the_cache_never_exceed_four_and_never_reach_the_history() -> None:
    turn = ChatMessage("assistant", "", (PARIS,))
    request = ask(HI, turn, used(PARIS), tools=(WEATHER, WEATHER))

    for _ in range(5):
        found = arguments(request)

    assert json.dumps(found).count("cache_control") == 3
    assert "cache_control" in found["tools"][-1]
    assert "cache_control" not in found["tools"][0]
    assert "cache_control" in found["messages"][-1]["content"][-1]


def test_all_results_of_a_turn_stand_in_one_message_before_what_the_caller_says_next() -> None:
    turn = ChatMessage("assistant", "Let me see.", (PARIS, ROME))

    found = arguments(ask(HI, turn, used(ROME, "22"), used(PARIS, "21"), HI, tools=(WEATHER,)))

    assert said(found) == [
        ("user", ["Hi"]),
        ("assistant", ["Let me see.", "tool_use", "tool_use"]),
        ("user", ["tool_result", "tool_result", "Hi"]),
    ]
    results = found["messages"][2]["content"][:2]
    assert [(each["tool_use_id"], each["content"][0]["text"]) for each in results] == [
        ("a", "21"),
        ("b", "22"),
    ]


def test_a_call_that_was_interrupted_gets_a_result_that_says_so() -> None:
    turn = ChatMessage("assistant", "", (PARIS,))

    found = arguments(ask(HI, turn, HI, tools=(WEATHER,)))

    assert found["messages"][2]["content"][0]["content"][0]["text"] == INTERRUPTED


def test_a_result_whose_call_was_summarised_away_is_left_out() -> None:
    assert said(arguments(ask(HI, used(PARIS), HI))) == [("user", ["Hi", "Hi"])]


def test_blank_text_is_left_out_with_the_turn_that_holds_nothing_else() -> None:
    blank = ChatMessage("assistant", " ")

    assert said(arguments(ask(HI, blank, ChatMessage("user", ""), HI))) == [("user", ["Hi", "Hi"])]


def test_a_history_begins_and_ends_on_the_callers_side() -> None:
    greeting = ChatMessage("assistant", "Welcome!")

    assert said(arguments(ask(greeting))) == [
        ("user", [CALL_CONNECTED]),
        ("assistant", ["Welcome!"]),
        ("user", [CALLER_SILENT]),
    ]


def test_an_older_model_gets_its_temperature_by_the_former_version_of_the_api() -> None:
    asked = ask_claude(ask(HI, temperature=0.3), MODEL)

    assert asked.arguments["extra_headers"] == {"anthropic-version": "2023-06-01"}
    assert asked.arguments["extra_body"] == {"temperature": 0.3}
    assert asked.ignored == ()


@pytest.mark.parametrize("model", ["claude-opus-4-7", "claude-haiku-5-5", "house-model"])
def test_a_newer_model_gets_no_temperature(model: str) -> None:
    asked = ask_claude(ask(HI, temperature=0.3), model)

    assert "extra_body" not in asked.arguments
    assert "extra_headers" not in asked.arguments
    assert asked.ignored == ("temperature",)


@pytest.mark.parametrize(
    ("model", "effort", "expected"),
    [
        ("claude-haiku-4-5-20251001", None, {}),
        ("claude-haiku-4-5", "minimal", {}),
        ("claude-opus-4-20250514", None, {}),
        ("claude-3-5-sonnet-20241022", "high", {}),
        ("claude-haiku-4-5", "low", {"thinking": {"type": "enabled", "budget_tokens": 1024}}),
        (
            "claude-sonnet-4-6",
            "medium",
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "medium"}},
        ),
        ("claude-opus-4-8", None, {}),
        ("claude-haiku-5-5", None, {"thinking": {"type": "disabled"}}),
        ("claude-sonnet-5", "minimal", {"thinking": {"type": "disabled"}}),
        ("claude-sonnet-5-5", None, {"thinking": {"type": "between_tools"}}),
        ("claude-opus-5", None, {"thinking": {"type": "disabled"}}),
        ("claude-opus-5-5", None, {"output_config": {"effort": "low"}}),
        ("claude-fable-5-1", "minimal", {"output_config": {"effort": "low"}}),
        ("claude-haiku-5-5", "high", {"output_config": {"effort": "high"}}),
        ("house-model", "high", {}),
    ],
)
def test_each_generation_is_told_in_its_own_way_how_hard_to_think(
    model: str, effort: Effort | None, expected: dict[str, Any]
) -> None:
    found = arguments(ask(HI, reasoning_effort=effort), model)

    assert {key: found[key] for key in ("thinking", "output_config") if key in found} == expected


@pytest.mark.parametrize(
    ("model", "effort", "limit"),
    [
        (MODEL, None, 200),
        (MODEL, "low", 1224),
        ("claude-opus-5-5", None, 1224),
        (BINDING, None, 200),
    ],
)
def test_room_for_thoughts_comes_on_top_of_the_replys_limit(
    model: str, effort: Effort | None, limit: int
) -> None:
    request = ask(HI, max_tokens=200, reasoning_effort=effort)

    assert arguments(request, model)["max_tokens"] == limit


def test_a_tool_without_parameters_still_has_a_schema_of_type_object() -> None:
    assert arguments(ask(HI, tools=(WEATHER,)))["tools"][0]["name"] == "get_weather"
    (tool,) = arguments(ask(HI, tools=(type(WEATHER)("stop"),)))["tools"]
    assert (tool["input_schema"]["type"], "description" in tool) == ("object", False)


def test_tools_that_were_withdrawn_stay_defined_while_the_history_calls_them() -> None:
    turn = ChatMessage("assistant", "", (PARIS,))

    found = arguments(ask(HI, turn, used(PARIS)))

    assert [tool["name"] for tool in found["tools"]] == ["get_weather"]
    assert found["tool_choice"] == {"type": "none"}


def thoughtful_turn(request: ChatRequest, model: str = BINDING) -> ChatMessage:
    """A turn as a reply to the request would leave it."""
    blocks = (
        {"type": "thinking", "thinking": "Hm.", "signature": "signed"},
        {"type": "tool_use", "id": "a", "name": "get_weather", "input": {"city": "Paris"}},
    )
    prefix = ask_claude(request, model).prefix
    return ChatMessage("assistant", "", (PARIS,), native=NativeTurn(model, blocks, prefix))


def thoughts(request: ChatRequest, model: str = BINDING) -> int:
    return json.dumps(arguments(request, model)["messages"]).count('"thinking"')


def test_thoughts_are_replayed_with_their_signature_while_nothing_before_them_changed() -> None:
    request = ask(HI, tools=(WEATHER,))
    turn = thoughtful_turn(request)

    found = arguments(ask(HI, turn, used(PARIS), HI, tools=(WEATHER,)), BINDING)

    assert found["messages"][1]["content"] == list(turn.native.blocks)  # type: ignore[attr-defined]


def test_thoughts_are_left_out_once_anything_before_them_changed() -> None:
    turn = thoughtful_turn(ask(HI, tools=(WEATHER,)))
    rest = (turn, used(PARIS))
    other = ChatMessage("user", "Hello")

    assert thoughts(ask(HI, *rest, tools=(WEATHER,))) == 2
    assert thoughts(ask(HI, *rest, tools=(WEATHER,), system="Be long.")) == 0
    assert thoughts(ask(HI, *rest, tools=(WEATHER, WEATHER))) == 0
    assert thoughts(ask(other, *rest, tools=(WEATHER,))) == 0
    assert thoughts(ask(HI, *rest, tools=(WEATHER,), reasoning_effort="high")) == 0


def test_thoughts_of_an_older_model_hold_until_the_model_changes() -> None:
    turn = thoughtful_turn(ask(HI, tools=(WEATHER,)), MODEL)
    request = ask(HI, turn, used(PARIS), tools=(WEATHER,), system="Be long.")

    assert thoughts(request, MODEL) == 2
    assert thoughts(request, "claude-sonnet-4-6") == 0


def test_what_another_vendor_keeps_of_a_turn_is_ignored() -> None:
    turn = ChatMessage("assistant", "Fine.", native={"anything": 1})

    assert said(arguments(ask(HI, turn, HI)))[1] == ("assistant", ["Fine."])
