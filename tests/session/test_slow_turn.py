"""One sentence for a slow turn: which stage took how long, and who is to blame."""

from pathlib import Path
from typing import Any

import pytest

from app import Agent, TurnEnd, tool
from app.agent import render
from app.application import discover
from app.protocol import Latency, ToolTiming
from app.session.slow_turn import slow_turn


@tool
async def look_up(city: str) -> str:
    """Look something up."""
    return city


def agent(**options: Any) -> Any:
    """What a session knows of an agent that it started."""
    given: dict[str, Any] = {
        "llm": "openai:gpt-4.1-mini", "stt": "deepgram:nova-3", "tts": "cartesia:sonic",
        "tools": [look_up],
    }  # fmt: skip
    (rendered,) = render(Agent(**{**given, **options})).agents
    return rendered


def turn(*tools: ToolTiming, **latency: Any) -> TurnEnd:
    return TurnEnd("", "", latency=Latency(**latency), tool_calls=tools)


@pytest.mark.parametrize(
    ("latency", "sentence"),
    [
        ({"stt_ms": 2600}, "turn took 2.6 s: 2.6 s in speech recognition deepgram"),
        ({"eot_ms": 2600}, "turn took 2.6 s: 2.6 s in turn detection by krisp"),
        ({"llm_ms": 2600}, "turn took 2.6 s: 2.6 s in the model openai:gpt-4.1-mini"),
        ({"tts_ms": 2600}, "turn took 2.6 s: 2.6 s in the voice cartesia:sonic"),
        ({"tool_ms": 2600}, "turn took 2.6 s: 2.6 s in tools that jambonz calls by itself"),
    ],
)
def test_each_stage_is_told_with_who_does_it(latency: dict[str, float], sentence: str) -> None:
    assert slow_turn(turn(**latency), agent(turn_detection="krisp"), {}) == sentence


def test_the_stage_that_took_the_most_is_told_first_and_what_took_nothing_not_at_all() -> None:
    told = slow_turn(turn(stt_ms=300, eot_ms=10, llm_ms=400, tts_ms=2700), agent(), {})

    assert told == (
        "turn took 3.4 s: 2.7 s in the voice cartesia:sonic, 0.4 s in the model "
        "openai:gpt-4.1-mini, 0.3 s in speech recognition deepgram"
    )


def test_a_tool_of_ours_is_told_with_its_file() -> None:
    told = slow_turn(turn(tool_ms=2600, llm_ms=800), agent(), {"look_up": 2.55})

    assert told.startswith("turn took 3.4 s: 2.6 s in tool look_up (")
    assert "test_slow_turn.py), 0.8 s in the model" in told


def test_the_file_of_a_hook_is_shown_from_its_folder_on() -> None:
    discover(Path(__file__).parents[2])  # another test may have imported hooks of its own
    from hooks.weather import get_weather

    told = slow_turn(turn(tool_ms=2600), agent(tools=[get_weather]), {"get_weather": 2.6})

    assert told == "turn took 2.6 s: 2.6 s in tool get_weather (hooks/weather.py)"


def test_of_several_tools_the_slowest_is_told() -> None:
    told = slow_turn(turn(tool_ms=3000), agent(), {"other": 0.4, "look_up": 2.5, "third": 0.1})

    assert "tool look_up (" in told
    assert told.endswith(" and 2 more")


def test_a_tool_that_only_jambonz_knows_is_not_blamed_on_us() -> None:
    called = ToolTiming("find_order", 2500.0), ToolTiming("look_up", 20.0)
    told = slow_turn(turn(*called, tool_ms=2520), agent(), {"look_up": 0.02})

    assert told == "turn took 2.5 s: 2.5 s in tool find_order, not of ours"


def test_where_jambonz_tells_nothing_of_tools_our_own_measure_counts() -> None:
    told = slow_turn(turn(llm_ms=500), agent(), {"look_up": 2.0})

    assert told.startswith("turn took 2.5 s: 2.0 s in tool look_up (")


def test_without_an_agent_of_ours_nobody_is_named() -> None:
    assert slow_turn(turn(llm_ms=2100), None, {}) == "turn took 2.1 s: 2.1 s in the model"
