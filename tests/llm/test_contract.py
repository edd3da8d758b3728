"""The contract of every vendor, in numbered points, through its own SDK.

The same tests run against the real vendor: see docs/adding-a-vendor.md. There the points that
need a scripted server are skipped.
"""

import asyncio
import dataclasses
import json
import re

import pytest

from app.llm import (
    CALL_CONNECTED,
    ChatMessage,
    ChatRequest,
    End,
    ModelError,
    Token,
    ToolCall,
    ToolCallStart,
    connect,
)
from app.llm.running import VendorModel
from app.llm.vendor import ModelFacts
from app.llm.vendors import VENDORS
from tests.llm.hearing import (
    BOTH,
    CALL,
    CALLS,
    HELLO,
    PORTLAND,
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
from tests.llm.live import LiveVendor
from tests.llm.servers.base import Answer, LoopbackVendor

pytestmark = pytest.mark.asyncio(loop_scope="module")

FINISHES = {"stop", "tool", "length", "filtered", "error", "aborted"}
SAMPLES = {
    "credentials": {"project_id": "p", "private_key": "k"},
    "endpoint": "https://sample",
}


async def test_1_the_vendor_describes_itself_without_a_credential(vendor: LoopbackVendor) -> None:
    row = VENDORS[vendor.vendor]

    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", row.id)
    assert row.name
    assert row.auth
    assert all(form.kind and form.required for form in row.auth)
    assert row.models
    for facts in row.models:
        flags = (facts.streaming, facts.tools, facts.vision, facts.system_prompt)
        assert facts.id
        assert all(isinstance(flag, bool) for flag in flags)
    assert json.loads(json.dumps(dataclasses.asdict(row)))["id"] == vendor.vendor


async def test_2_the_model_is_the_one_that_was_asked_for(vendor: LoopbackVendor) -> None:
    assert vendor.connect().id == f"{vendor.vendor}:{vendor.model}"


async def test_3_every_form_of_credential_that_it_names_is_taken(vendor: LoopbackVendor) -> None:
    for form in VENDORS[vendor.vendor].auth:
        auth = {name: SAMPLES.get(name, "sample") for name in form.required}
        for given in (auth, {"kind": form.kind, **auth}):
            model = connect(f"{vendor.vendor}:{vendor.model}", auth=given)
            assert isinstance(model, VendorModel)
            assert model.target.auth.kind == form.kind


async def test_4_another_kind_of_credential_is_refused(vendor: LoopbackVendor) -> None:
    kinds = [form.kind for form in VENDORS[vendor.vendor].auth]

    with pytest.raises(ModelError, match=kinds[0]) as refused:
        connect(vendor.vendor, auth={"kind": "carrierPigeon", **vendor.auth()})

    assert refused.value.kind == "auth"


async def test_5_6_7_one_end_comes_last_with_its_reason(vendor: LoopbackVendor) -> None:
    vendor.answer(Answer(), Answer((CALL,)))
    for request in (HELLO, PORTLAND):
        heard = await hear(vendor.connect(), request)

        assert [event for event in heard.events if isinstance(event, End)] == [heard.events[-1]]
        assert heard.end.error is None
        assert heard.end.finish in FINISHES - {"error", "aborted"}


async def test_8_text_arrives_in_pieces(vendor: LoopbackVendor) -> None:
    vendor.answer(Answer(("Rain is", " water that falls.", " It is wet.")))

    heard = await hear(vendor.connect(), HELLO)

    assert len([event for event in heard.events if isinstance(event, Token)]) >= 2
    assert heard.end.finish == "stop"


async def test_9_a_listener_who_left_before_the_start_hears_nothing(
    vendor: LoopbackVendor,
) -> None:
    listener = Listener(vendor.connect(), HELLO)
    task = asyncio.create_task(listener.listen())

    assert await cut(task) < 0.5
    assert task.cancelled()
    assert listener.heard == []
    await nothing_is_left()


async def test_10_after_a_barge_in_no_tool_is_called(vendor: LoopbackVendor) -> None:
    vendor.answer(Answer(("Let me see.", CALL)))
    stream = vendor.connect().stream(PORTLAND)
    first = await anext(stream)

    await stream.aclose()  # type: ignore[attr-defined]

    assert isinstance(first, Token | ToolCallStart)
    assert [event async for event in stream] == []
    await nothing_is_left()


async def test_11_12_a_call_is_announced_and_comes_whole(vendor: LoopbackVendor) -> None:
    vendor.answer(Answer((CALL,)))

    heard = await hear(vendor.connect(), PORTLAND)

    (start,) = [event for event in heard.events if isinstance(event, ToolCallStart)]
    (call,) = heard.calls
    assert heard.events.index(start) < heard.events.index(call)
    assert (start.id, start.name) == (call.id, "get_weather")
    assert call.id
    assert call.problem == ""
    assert "portland" in str(call.arguments["city"]).lower()
    assert heard.end.finish == "tool"


async def test_13_the_result_of_a_tool_is_spoken(vendor: LoopbackVendor) -> None:
    vendor.answer(Answer((CALL,)), Answer(("It is", " 52 degrees in Portland.")))
    model = vendor.connect()
    called = await hear(model, PORTLAND)

    heard = await hear(model, after(PORTLAND, called.turn(), *outputs(called, "52 degrees")))

    assert heard.end.finish == "stop"
    assert "52" in heard.text


async def test_14_to_ask_changes_no_history(scripted: LoopbackVendor) -> None:
    """What is added for one request, such as a mark for a cache, must not add up."""
    scripted.answer(Answer((CALL,)))
    model = scripted.connect()
    called = await hear(model, PORTLAND)
    asked = after(PORTLAND, called.turn(), *outputs(called, "52"))

    for _ in range(5):
        await hear(model, asked)

    bodies = [request.body for request in scripted.requests[1:]]
    assert bodies == [bodies[0]] * 5


async def test_15_models_are_listed_and_a_good_credential_passes(vendor: LoopbackVendor) -> None:
    model = vendor.connect()
    assert isinstance(model, VendorModel)

    await model.test_credential()
    listed = await model.list_models()

    assert listed
    assert all(isinstance(facts.tools, bool) and facts.id for facts in listed)


async def test_16_a_model_without_tools_is_offered_none(vendor: LoopbackVendor) -> None:
    model = vendor.connect()
    assert isinstance(model, VendorModel)
    row = dataclasses.replace(model.target.vendor, models=(ModelFacts(vendor.model, tools=False),))
    model.target = dataclasses.replace(model.target, vendor=row)

    heard = await hear(model, PORTLAND)

    assert heard.end.finish == "stop"
    assert isinstance(vendor, LiveVendor) or seen(vendor).tools == ()


async def test_17_the_system_prompt_and_the_tools_reach_the_vendor(
    scripted: LoopbackVendor,
) -> None:
    await hear(scripted.connect(), PORTLAND)

    asked = seen(scripted)
    assert asked.system == PORTLAND.system
    assert asked.tools == ("get_weather",)
    assert [turn.text for turn in asked.turns] == [PORTLAND.messages[0].content]


async def test_18_what_cannot_be_asked_is_refused(vendor: LoopbackVendor) -> None:
    with pytest.raises(ValueError, match="messages"):
        ChatRequest("Be brief.", ())
    with pytest.raises(ValueError, match="system"):
        ChatRequest("Be brief.", (ChatMessage("system", "Hi"),))  # type: ignore[arg-type]
    known = vendor.auth().get("deployment") or VENDORS[vendor.vendor].models[0].id
    assert connect(vendor.vendor, auth=vendor.auth()).id == f"{vendor.vendor}:{known}"


async def test_19_five_turns_reach_the_vendor_as_five(scripted: LoopbackVendor) -> None:
    words = ("One", "Two", "Three", "Four", "Five")
    turns = [ChatMessage("assistant" if at % 2 else "user", word) for at, word in enumerate(words)]

    await hear(scripted.connect(), ChatRequest("Count.", tuple(turns)))

    asked = seen(scripted).turns
    assert tuple(turn.text for turn in asked) == words
    assert [turn.speaker for turn in asked] == ["user", "agent", "user", "agent", "user"]


async def test_20_21_a_turn_goes_back_as_it_came(scripted: LoopbackVendor) -> None:
    scripted.answer(Answer(("Let me see.", CALL), reasoning="They want the weather."))
    model = scripted.connect()
    called = await hear(model, PORTLAND)
    assert "They want" not in called.text

    await hear(model, after(PORTLAND, called.turn(), *outputs(called, "52")))

    turn = seen(scripted).turns[1]
    assert (turn.speaker, turn.text) == ("agent", "Let me see.")
    assert turn.calls == (("get_weather", {"city": "Portland"}),)
    for mark in NATIVE.get(scripted.vendor, ()):
        assert mark in turn.raw


NATIVE = {
    "anthropic": ("They want the weather.", "signature"),
    "bedrock": ("They want the weather.", "signature"),
    "deepseek": ("They want the weather.",),
    "google": ("thoughtSignature",),
    "vertex-gemini": ("thoughtSignature",),
}
"""What a vendor wants back beside text and calls."""


async def test_a_greeting_needs_no_word_of_the_caller(vendor: LoopbackVendor) -> None:
    vendor.answer(Answer(("Hello,", " how can I help?")))

    heard = await hear(
        vendor.connect(),
        ChatRequest("Greet the caller in one sentence.", (ChatMessage("user", CALL_CONNECTED),)),
    )

    assert heard.text
    assert heard.end.finish == "stop"


async def test_parallel_calls_make_the_round_trip(vendor: LoopbackVendor) -> None:
    vendor.answer(Answer(CALLS), Answer(("52 in Portland,", " 64 in Paris.")))
    model = vendor.connect()
    called = await hear(model, BOTH)
    assert len({call.id for call in called.calls}) == 2

    heard = await hear(model, after(BOTH, called.turn(), *outputs(called, "52", "64")))

    assert "52" in heard.text
    assert "64" in heard.text
    if not isinstance(vendor, LiveVendor):
        expect_round_trip(vendor, called)


def expect_round_trip(vendor: LoopbackVendor, called: Heard) -> None:
    asked = seen(vendor).turns
    assert [turn.speaker for turn in asked] == ["user", "agent", "user"]
    assert asked[1].calls == tuple((call.name, call.arguments) for call in called.calls)
    first, second = asked[2].outputs
    assert "52" in first
    assert "64" in second


async def test_ids_of_calls_never_repeat(vendor: LoopbackVendor) -> None:
    vendor.answer(*[Answer((dataclasses.replace(CALL, id=f"call_{at}"),)) for at in range(3)])
    model = vendor.connect()

    calls: list[ToolCall] = []
    for _ in range(3):
        calls.extend((await hear(model, PORTLAND)).calls)

    assert len({call.id for call in calls}) == 3
    assert all(call.name == WEATHER.name for call in calls)
