"""What the contract of every vendor promises beside its numbered points."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import pytest

from app.llm import (
    ChatMessage,
    ChatRequest,
    ModelError,
    Token,
    ToolCallStart,
    ToolDefinition,
    Usage,
    connect,
)
from app.llm.history import INTERRUPTED
from tests.llm.hearing import (
    CALL,
    CALLS,
    HELLO,
    PORTLAND,
    SYSTEM,
    WEATHER,
    Heard,
    Listener,
    after,
    cut,
    hear,
    nothing_is_left,
    outputs,
    seen,
)
from tests.llm.servers.base import Answer, LoopbackVendor

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMITS = {
    "openai": "max_tokens",  # of gpt-4.1-mini; newer models take max_completion_tokens
    "azure-openai": "max_completion_tokens",
    "deepseek": "max_tokens",
    "groq": "max_completion_tokens",
    "huggingface": "max_tokens",
    "vertex-openai": "max_tokens",
    "anthropic": "max_tokens",
    "google": "maxOutputTokens",
    "vertex-gemini": "maxOutputTokens",
    "bedrock": "maxTokens",
}
MARKS = {"anthropic": "cache_control", "bedrock": "cachePoint"}


def wire(vendor: LoopbackVendor, index: int = -1) -> str:
    return json.dumps(vendor.requests[index].body, ensure_ascii=False)


async def called(vendor: LoopbackVendor, *calls: Any) -> Heard:
    vendor.answer(Answer(calls or (CALL,)))
    return await hear(vendor.connect(), PORTLAND)


async def test_usage_counts_cached_tokens_apart(vendor: LoopbackVendor) -> None:
    vendor.answer(Answer(usage=(20, 5, 8)))

    assert (await hear(vendor.connect(), HELLO)).end.usage == Usage(12, 5, cache_read_tokens=8)


async def test_options_never_take_the_place_of_the_conversation(vendor: LoopbackVendor) -> None:
    """They come from the verb, where prompt and tools of its start stand beside its limits."""
    model = connect(
        f"{vendor.vendor}:{vendor.model}",
        auth=vendor.auth(),
        connect_options=vendor.options(),
        llm_options={
            "systemPrompt": "Be rude.",
            "messages": [{"role": "user", "content": "from before"}],
            "tools": [{"name": "stale_tool"}],
            "maxTokens": 77,
        },
    )

    await hear(model, PORTLAND)
    await hear(model, replace(PORTLAND, max_tokens=55))

    asked = seen(vendor, 0)
    assert (asked.system, asked.tools, len(asked.turns)) == (SYSTEM, ("get_weather",), 1)
    assert (asked.max_tokens, seen(vendor).max_tokens) == (77, 55)
    assert not re.search("rude|from before|stale_tool", wire(vendor, 0))


async def test_a_limit_has_the_vendors_own_name(vendor: LoopbackVendor) -> None:
    vendor.answer(Answer(finish="length"))

    heard = await hear(vendor.connect(), replace(HELLO, max_tokens=77))

    assert f'"{LIMITS[vendor.vendor]}": 77' in wire(vendor)
    assert heard.end.finish == "length"


@pytest.mark.parametrize("finish", ["stop", "length", "filtered"])
async def test_every_finish_is_told_in_our_words(
    vendor: LoopbackVendor, finish: Literal["stop", "length", "filtered"]
) -> None:
    vendor.answer(Answer(finish=finish))

    assert (await hear(vendor.connect(), HELLO)).end.finish == finish


async def test_the_headers_of_the_answer_are_kept_for_support(vendor: LoopbackVendor) -> None:
    assert (await hear(vendor.connect(), HELLO)).end.diagnostics["request_id"] == "req_1"


async def test_a_slow_first_token_shows_in_the_timings(vendor: LoopbackVendor) -> None:
    vendor.answer(Answer(delay=0.2))

    timings = (await hear(vendor.connect(), HELLO)).end.timings

    assert timings is not None
    assert timings.headers is not None
    assert timings.first_token is not None
    assert timings.headers <= timings.first_token <= timings.total
    assert timings.first_token - timings.headers > 40


async def test_marks_of_caches_are_few_and_never_add_up(vendor: LoopbackVendor) -> None:
    call = await called(vendor)
    mark = MARKS.get(vendor.vendor, "cache_control")
    asked = after(PORTLAND, call.turn(), *outputs(call, "52"))
    for word in ("One", "Two", "Three", "Four"):
        await hear(vendor.connect(), asked)
        asked = after(asked, ChatMessage("assistant", word), ChatMessage("user", word))

    counts = [wire(vendor, at).count(mark) for at in range(1, 5)]
    assert max(counts) <= 4
    assert (max(counts) > 0) == (vendor.vendor in MARKS)


async def test_a_call_that_was_cut_off_is_answered_for_the_model(vendor: LoopbackVendor) -> None:
    call = await called(vendor)

    await hear(vendor.connect(), after(PORTLAND, call.turn(), ChatMessage("user", "Never mind.")))

    turns = seen(vendor).turns
    assert turns[1].calls
    assert INTERRUPTED in turns[2].outputs[0]
    assert turns[-1].text == "Never mind."


async def test_a_result_whose_call_was_summarised_is_left_out(vendor: LoopbackVendor) -> None:
    call = await called(vendor)
    summary = ChatMessage("user", "(so far: the caller asked about Portland)")
    rest = (*outputs(call, "52"), ChatMessage("user", "And now?"))

    await hear(vendor.connect(), ChatRequest(SYSTEM, (summary, *rest), (WEATHER,)))

    asked = seen(vendor)
    assert not any(turn.outputs or turn.calls for turn in asked.turns)
    assert "".join(turn.text for turn in asked.turns).endswith("And now?")


async def test_a_call_whose_result_was_summarised_still_has_one(vendor: LoopbackVendor) -> None:
    call = await called(vendor, *CALLS)
    kept = outputs(call, "52", "64")[:1]

    await hear(vendor.connect(), after(PORTLAND, call.turn(), *kept))

    turn = seen(vendor).turns[-1]
    assert "52" in turn.outputs[0]
    assert INTERRUPTED in turn.outputs[1]


async def test_tools_may_go_while_the_history_knows_them(vendor: LoopbackVendor) -> None:
    call = await called(vendor)
    asked = after(PORTLAND, call.turn(), *outputs(call, "52"))

    heard = await hear(vendor.connect(), replace(asked, tools=()))

    assert heard.end.finish == "stop"
    assert seen(vendor).turns[1].calls == (("get_weather", {"city": "Portland"}),)


async def test_a_prompt_may_change_between_two_turns(vendor: LoopbackVendor) -> None:
    model = vendor.connect()
    await hear(model, HELLO)
    await hear(model, replace(HELLO, system="Answer in French."))

    assert [seen(vendor, at).system for at in (0, 1)] == [SYSTEM, "Answer in French."]
    assert seen(vendor, 0).turns == seen(vendor, 1).turns


async def test_blank_turns_and_a_blank_prompt_reach_no_vendor(vendor: LoopbackVendor) -> None:
    turns = (ChatMessage("user", "Hi"), ChatMessage("assistant", ""), ChatMessage("user", "Hello?"))

    await hear(vendor.connect(), ChatRequest(" ", turns))

    asked = seen(vendor)
    assert asked.system == ""
    assert all(turn.text.strip() for turn in asked.turns)
    assert not any(turn.speaker == "agent" for turn in asked.turns)


async def test_text_before_a_call_stays_in_its_turn(vendor: LoopbackVendor) -> None:
    call = await called(vendor, "Let me see.", CALL)

    await hear(vendor.connect(), after(PORTLAND, call.turn(), *outputs(call, "52")))

    turn = seen(vendor).turns[1]
    assert (turn.text, len(turn.calls)) == ("Let me see.", 1)


async def test_an_odd_schema_and_an_empty_description_pass(vendor: LoopbackVendor) -> None:
    schema: Mapping[str, object] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "city": {"type": ["string", "null"]},
            "unit": {"anyOf": [{"const": "c"}, {"const": "f"}]},
        },
        "additionalProperties": False,
    }
    tools = (ToolDefinition("lookup", "", schema), ToolDefinition("ping"))

    heard = await hear(vendor.connect(), replace(PORTLAND, tools=tools))

    assert heard.end.error is None
    assert seen(vendor).tools == ("lookup", "ping")


async def test_a_name_that_vendors_refuse_is_meant_all_the_same(vendor: LoopbackVendor) -> None:
    odd = ToolDefinition("weather.get now! ☂" + "x" * 80)
    request = replace(PORTLAND, tools=(odd, WEATHER))
    model = vendor.connect()
    await hear(model, request)
    name, other = seen(vendor).tools
    vendor.answer(Answer((replace(CALL, name=name),)))

    call = await hear(model, request)
    await hear(model, after(request, call.turn(), *outputs(call, "52")))

    assert re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_-]{0,63}", name)
    assert other == "get_weather"
    assert [event.name for event in call.events if isinstance(event, ToolCallStart)] == [odd.name]
    assert call.calls[0].name == odd.name
    assert seen(vendor).turns[1].calls[0][0] == name


async def test_characters_torn_apart_by_the_network_are_whole(vendor: LoopbackVendor) -> None:
    words = ("Grüße", " aus Kraków", " 🌧️ 東京")
    vendor.answer(Answer((*words, replace(CALL, arguments={"city": "Orléans"})), split=True))

    heard = await hear(vendor.connect(), PORTLAND)

    assert heard.text == "".join(words)
    assert heard.calls[0].arguments == {"city": "Orléans"}


async def test_arguments_that_are_no_json_are_a_problem_and_no_call(
    vendor: LoopbackVendor,
) -> None:
    if vendor.vendor in ("google", "vertex-gemini"):
        pytest.skip("Gemini's arguments are an object of the answer, never text")

    heard = await called(vendor, replace(CALL, arguments='{"city": "Portl'))

    (call,) = heard.calls
    assert call.arguments == {}
    assert "JSON" in call.problem
    result = ChatMessage("tool", call.problem, tool_call_id=call.id)
    again = await hear(vendor.connect(), after(PORTLAND, heard.turn(), result))
    assert again.end.finish == "stop"
    assert "JSON" in seen(vendor).turns[-1].outputs[0]


async def test_a_call_without_arguments_has_none(vendor: LoopbackVendor) -> None:
    (call,) = (await called(vendor, replace(CALL, arguments={}))).calls

    assert (call.arguments, call.problem) == ({}, "")


async def test_reasoning_is_never_spoken(vendor: LoopbackVendor) -> None:
    vendor.answer(Answer(("Rain", " is wet."), reasoning="They ask about rain."))

    assert (await hear(vendor.connect(), HELLO)).text == "Rain is wet."


async def test_what_another_vendor_kept_of_a_turn_is_ignored(vendor: LoopbackVendor) -> None:
    turn = ChatMessage("assistant", "It rains.", native={"of": "another vendor"})

    heard = await hear(
        vendor.connect(), after(HELLO, turn, ChatMessage("user", "Will it stop raining?"))
    )

    assert heard.end.error is None
    assert seen(vendor).turns[1].text == "It rains."
    assert "another vendor" not in wire(vendor)


async def test_a_listener_cut_while_not_reading_stops_the_vendor(vendor: LoopbackVendor) -> None:
    vendor.answer(Answer(("word ",) * 500, pace=0.01))
    listener = Listener(vendor.connect(), HELLO, holds=True)
    task = asyncio.create_task(listener.listen())
    await listener.has_begun.wait()

    await cut(task)

    assert listener.heard == [Token("word ")]
    await vendor.someone_left()
    await nothing_is_left()


async def test_a_stream_that_is_forgotten_is_let_go(vendor: LoopbackVendor) -> None:
    vendor.answer(Answer(("word ",) * 500, pace=0.01))

    async for event in vendor.connect().stream(HELLO):
        assert event == Token("word ")
        break

    await vendor.someone_left()
    await nothing_is_left()


async def test_many_requests_at_once_do_not_mix(vendor: LoopbackVendor) -> None:
    vendor.answer(*[Answer((f"reply {at}",)) for at in range(20)])
    model = vendor.connect()

    heard = await asyncio.gather(*(hear(model, HELLO) for _ in range(20)))

    assert [one.end.error for one in heard] == [None] * 20
    assert sorted(one.text for one in heard) == sorted(f"reply {at}" for at in range(20))


async def test_a_connection_is_kept_from_turn_to_turn(vendor: LoopbackVendor) -> None:
    for _ in range(3):
        await hear(vendor.connect(), HELLO)

    assert len(vendor.connections) == 1


async def test_no_real_request_leaves_while_that_is_forbidden(vendor: LoopbackVendor) -> None:
    auth = {**vendor.auth(), "endpoint": "https://vendor.example"}
    options = {"baseURL": "https://vendor.example/v1", "maxRetries": 0}
    model = connect(f"{vendor.vendor}:{vendor.model}", auth=auth, connect_options=options)

    end = (await hear(model, HELLO)).end

    assert isinstance(end.error, ModelError)
    assert "forbidden" in str(end.error)
