"""Expectations in tests: what meets them, and what is told where nothing does."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from app.llm import FakeModel, ToolCall
from app.twin import Entry, Expect, ExpectationFailed, Twin, TwinCall, contains
from tests.twin_app import agent, serving

ASK = ToolCall("call_1", "get_weather", {"city": "Paris", "scale": "celsius"})
REPLIES: list[str | ToolCall] = [
    "Hello, I am a weather assistant.",
    ASK,
    "It is 10 degrees and foggy in Paris.",
]


@pytest_asyncio.fixture
async def call() -> AsyncIterator[TwinCall]:
    """A call in which a tool was called once, and the agent told of two updates."""
    tools = {"get_weather": {"temperature": 10, "sky": "foggy"}}
    async with (
        serving(new=[agent()], tools=tools) as app,
        Twin(app.url, model=FakeModel([*REPLIES])) as twin,
    ):
        call = await twin.call()
        await call.say("What's the weather in Paris?")
        await app.update(type="update_instructions", instructions="Be brief.")
        await app.update(type="inject_context", messages=[])
        await app.command("tag", {"case": 7})
        await call.command("tag")
        yield call


async def test_what_happened_meets_what_was_expected(call: TwinCall) -> None:
    call.expect.tool("get_weather")
    call.expect.tool("get_weather", city="Paris")
    call.expect.output("get_weather", sky="foggy")
    call.expect.spoken("It is 10 degrees and foggy in Paris.")
    call.expect.spoken(contains="FOGGY", by="agent", interrupted=False)
    call.expect.spoken(matches=r"\d+ degrees")
    call.expect.event("turn_end", transcript=contains("weather"), interrupted=False)
    call.expect.update("update_instructions", instructions="Be brief.")
    call.expect.command("tag", {"case": 7})
    call.expect.verb("agent", toolHook="/tools", llm={"vendor": "openai"})
    await call.hangup()
    call.expect.end(contains="hung up", by="caller")


@pytest.mark.parametrize(
    "city", ["Paris", contains("par"), re.compile("^P"), str, ..., lambda city: len(city) == 5]
)
async def test_a_value_is_compared_in_many_ways(call: TwinCall, city: Any) -> None:
    call.expect.tool("get_weather", city=city)


@pytest.mark.parametrize(
    "city", ["Portland", contains("port"), re.compile("^p"), int, None, lambda city: city == ""]
)
async def test_each_of_them_can_fail(call: TwinCall, city: Any) -> None:
    with pytest.raises(ExpectationFailed, match='came "Paris"'):
        call.expect.tool("get_weather", city=city)


async def test_what_did_not_happen_is_expected_not_to(call: TwinCall) -> None:
    call.expect.no.tool("transfer_money")
    call.expect.no.tool("get_weather", city="Portland")
    call.expect.no.spoken(contains="snow")
    call.expect.no.error()
    call.expect.no.end()


async def test_next_tells_an_order(call: TwinCall) -> None:
    call.expect.next.spoken(contains="assistant")
    call.expect.next.tool("get_weather")
    call.expect.next.spoken(contains="foggy")
    call.expect.next.update("inject_context")

    with pytest.raises(ExpectationFailed, match="only before what the last `next` found"):
        call.expect.next.tool("get_weather")
    call.expect.tool("get_weather")  # without `next` the place does not matter


async def test_next_also_holds_for_what_is_absent(call: TwinCall) -> None:
    call.expect.next.tool("get_weather")
    call.expect.next.no.tool("get_weather")

    with pytest.raises(ExpectationFailed):
        call.expect.no.tool("get_weather")


async def test_what_was_found_can_be_looked_at(call: TwinCall) -> None:
    found = call.expect.tool("get_weather").times(1)

    assert found.data == {"city": "Paris", "scale": "celsius"}
    assert found.time > 0
    with pytest.raises(ExpectationFailed, match="it 1 times"):
        found.times(2)


def test_within_counts_from_what_the_caller_did_before() -> None:
    log = [
        Entry(1.0, "said", {"text": "Hello?"}),
        Entry(1.7, "heard", {"text": "Yes.", "by": "agent", "interrupted": False}),
    ]

    Expect(log).spoken("Yes.").within(700)
    with pytest.raises(ExpectationFailed, match=r"within 600 ms\ncame:     700 ms after"):
        Expect(log).spoken("Yes.").within(600)


# ---------------------------------------------------------------- what a failure tells


async def test_a_failure_shows_the_conversation_and_marks_the_nearest_line(call: TwinCall) -> None:
    with pytest.raises(AssertionError) as failure:
        call.expect.tool("get_weather", city="Portland")

    lines = str(failure.value).splitlines()
    assert 'expected: the tool get_weather with city="Portland"' in lines
    assert 'came:     city: expected "Portland", came "Paris"' in lines
    marked = next(n for n, line in enumerate(lines) if line.startswith("-->"))
    assert 'tool     get_weather(city="Paris", scale="celsius")' in lines[marked]
    assert lines[marked + 1].endswith('^ city: expected "Portland", came "Paris"')
    assert "What's the weather in Paris?" in str(failure.value)


@pytest.mark.parametrize(
    ("expect", "hint"),
    [
        (lambda e: e.tool("get_wether"), "did you mean get_weather?"),
        (lambda e: e.event("turnend"), "did you mean turn_end?"),
        (lambda e: e.update("inject"), "none of that name; there were: inject_context"),
        (lambda e: e.event("inject_context"), "inject_context is there as update: expect.update"),
        (lambda e: e.command("get_weather"), "get_weather is there as tool: expect.tool"),
        (lambda e: e.tool("get_weather", citty="Paris"), "did you mean city?"),
        (lambda e: e.tool("get_weather", city="paris"), "only the case differs"),
        (lambda e: e.error(), "none at all"),
    ],
)
async def test_a_failure_suggests_what_was_meant(call: TwinCall, expect: Any, hint: str) -> None:
    with pytest.raises(ExpectationFailed) as failure:
        expect(call.expect)

    assert hint in str(failure.value)
    assert "\n" not in failure.value.reason


async def test_the_text_that_comes_closest_is_marked(call: TwinCall) -> None:
    with pytest.raises(ExpectationFailed) as failure:
        call.expect.spoken(contains="11 degrees in Portland")

    (marked,) = [line for line in str(failure.value).splitlines() if line.startswith("-->")]
    assert "It is 10 degrees and foggy" in marked


async def test_what_should_not_have_happened_is_marked(call: TwinCall) -> None:
    with pytest.raises(ExpectationFailed) as failure:
        call.expect.no.tool("get_weather")

    assert "expected: no tool get_weather" in str(failure.value)
    assert any(line.startswith("-->") and "get_weather(" in line for line in _lines(failure))


async def test_a_long_conversation_is_cut_around_the_mark() -> None:
    log = [Entry(float(n), "said", {"text": f"line {n}"}) for n in range(100)]
    log.insert(50, Entry(50.0, "heard", {"text": "here", "by": "say", "interrupted": False}))

    with pytest.raises(ExpectationFailed) as failure:
        Expect(log).spoken("there")

    shown = str(failure.value)
    assert "… 38 lines before" in shown
    assert "… 38 lines after" in shown
    assert "line 49" in shown
    assert "line 20" not in shown


async def test_a_party_that_was_dialled_has_expectations_of_its_own() -> None:
    dial = {"verb": "dial", "target": [{"type": "phone", "number": "+1"}]}
    async with serving(new=[dial]) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["stays"])
        child = await call.child()
        await child.say("Hello, caller.")

        call.expect.spoken("Hello, caller.")
        child.expect.no.spoken("Hello, caller.")


def _lines(failure: pytest.ExceptionInfo[ExpectationFailed]) -> list[str]:
    return str(failure.value).splitlines()
