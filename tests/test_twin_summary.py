"""Histories that are summed up, briefs for who takes over, and what is heard while a tool runs."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from app.llm import (
    ChatMessage,
    ChatRequest,
    End,
    FakeModel,
    ModelError,
    ToolCall,
    close_clients,
    connect,
)
from app.twin import Twin, TwinCall
from app.twin.agent.filler import AT_FIRST, LATER
from app.twin.agent.summary import BRIEF, LIMIT, SUMMARISE, sum_up, transcript
from tests.llm.servers.base import Answer, Call
from tests.llm.servers.openai_wire import OpenAiWire
from tests.twin_app import Message, agent, serving

TOOL = {"name": "find", "description": "Find", "parameters": {"type": "object"}}
PROMPT = {"systemPrompt": "Be kind.", "tools": [TOOL]}


def silent(**options: Any) -> Message:
    llm = {"vendor": "openai", "model": "gpt-4.1-mini", "llmOptions": PROMPT}
    return agent(greeting=False, llm=llm, **options)


def notes(call: TwinCall) -> list[str]:
    return [entry.data["text"] for entry in call.log if entry.kind == "note"]


def told(call: TwinCall) -> list[dict[str, Any]]:
    return [event for event in call.events if event["type"] == "history_summarized"]


# ---------------------------------------------------------------- the history


async def test_after_so_many_turns_the_older_part_is_replaced_by_a_summary() -> None:
    model = FakeModel(
        [
            [ToolCall("t", "find", {"x": 1}), End("tool", native="signature")],
            "Found it.",
            "Two.",
            "Three.",
            "They  looked for\nsomething.",
            "Four.",
        ]
    )
    async with (
        serving(new=[silent()], tools={"find": {"n": 7}}) as app,
        Twin(app.url, model=model, summarize_turns=3) as twin,
    ):
        call = await twin.call()
        for text in ("Find it.", "Second.", "Third.", "Fourth."):
            await call.say(text)
        event = (await app.seen("agent:event", type="history_summarized"))["data"]

    assert event == {
        "type": "history_summarized",
        "turn": 3,
        "messages_dropped": 4,
        "messages_kept": 4,
        "summary": "They looked for something.",
    }
    asked, later = model.requests[4:]
    assert (asked.system, asked.tools, asked.max_tokens) == (SUMMARISE, (), LIMIT)
    assert asked.messages[0].content == (
        'Caller: Find it.\nAgent calls find: {"x": 1}\nResult of find: {"n": 7}\nAgent: Found it.'
    )
    assert later.system == (
        "Be kind.\n\nThe conversation so far, in short: They looked for something."
    )
    assert [m.content for m in later.messages] == ["Second.", "Two.", "Third.", "Three.", "Fourth."]
    assert all(message.native is None for message in later.messages)


async def test_the_next_summary_is_told_of_the_one_before() -> None:
    model = FakeModel(["1.", "2.", "3.", "S1.", "4.", "5.", "6.", "S2.", "7."])
    async with (
        serving(new=[silent()]) as app,
        Twin(app.url, model=model, summarize_turns=3) as twin,
    ):
        call = await twin.call()
        for number in range(7):
            await call.say(f"Number {number}.")

    assert model.requests[7].messages[0].content.startswith("Before: S1.\nCaller: Number 1.\n")
    assert "in short: S2." in model.requests[-1].system
    assert [event["turn"] for event in told(call)] == [3, 6]


@pytest.mark.parametrize("failure", [ModelError("busy", kind="overloaded"), ""])
async def test_without_a_summary_the_history_stays(failure: Any) -> None:
    model = FakeModel(["1.", "2.", "3.", failure, "4."])
    async with (
        serving(new=[silent()]) as app,
        Twin(app.url, model=model, summarize_turns=3) as twin,
    ):
        call = await twin.call()
        for number in range(4):
            await call.say(f"Number {number}.")

    assert told(call) == []
    assert len(model.requests[-1].messages) == 7
    assert "the model gave no summary: the history stays as it is" in notes(call)


async def test_what_is_too_short_is_not_summed_up() -> None:
    model = FakeModel(["1.", "2."])
    async with (
        serving(new=[silent()]) as app,
        Twin(app.url, model=model, summarize_turns=1) as twin,
    ):
        call = await twin.call()
        await call.say("One.")
        await call.say("Two.")

    assert (told(call), model.remaining) == ([], 0)


async def test_the_offline_model_sums_up_what_it_was_told() -> None:
    async with serving(new=[silent()]) as app, Twin(app.url, summarize_turns=4) as twin:
        call = await twin.call()
        for text in ("My name is Ada Byron.", "How are you?", "Thanks.", "Are you a robot?"):
            await call.say(text)

        (event,) = told(call)
        assert "“My name is Ada Byron”" in event["summary"]
        assert event["messages_dropped"] == 4


@pytest.mark.parametrize(
    ("story", "summary"),
    [
        ("", "Nothing was said yet."),
        (
            "Before: Ada called.\nCaller: And Rome?\nAgent calls find: {}\nAgent: It is warm.",
            "Ada called. The caller said: “And Rome?”. The agent used find."
            " The agent last said: “It is warm”.",
        ),
        (
            "\n".join(f"Caller: word {n}." for n in range(9)),
            "The caller said: “word 0”; “word 1”; “word 7”; “word 8”.",
        ),
    ],
)
async def test_the_offline_model_quotes_the_caller(story: str, summary: str) -> None:
    assert await sum_up(connect("offline"), SUMMARISE, story) == summary


def test_a_transcript_leaves_out_what_nobody_said() -> None:
    messages = [
        ChatMessage("user", "(call connected)"),
        ChatMessage("assistant", "Hello!"),
        ChatMessage("user", "(the caller is silent)"),
        ChatMessage("user", "Hi."),
    ]

    assert transcript(messages) == "Agent: Hello!\nCaller: Hi."


# ---------------------------------------------------------------- the brief


@pytest_asyncio.fixture
async def vendor() -> AsyncIterator[OpenAiWire]:
    server = await OpenAiWire().start()
    yield server
    await close_clients()
    await server.stop()


@pytest.mark.parametrize(
    ("answer", "brief"),
    [
        (Answer(("Ada wants", " a refund.")), "Ada wants a refund."),
        (Answer(status=500), "A call from +15085551212. The caller said: A person, please."),
    ],
)
async def test_a_vendor_writes_the_brief(vendor: OpenAiWire, answer: Answer, brief: str) -> None:
    target = [{"type": "phone", "number": "1"}]
    handoff = {"mode": "warm", "target": target, "actionHook": "/h"}
    llm = {
        "vendor": "openai",
        "model": "gpt-4.1-mini",
        "auth": vendor.auth(),
        "connectOptions": {**vendor.options(), "maxRetries": 0},
    }
    vendor.answer(Answer((Call("transfer_to_human", {}, "t"),)), answer)
    verb = agent(greeting=False, llm=llm, handoff=handoff)
    async with serving(new=[verb]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.say("A person, please.")
        await app.seen("verb:hook", 2)

        said = [entry.data["text"] for entry in call.log if entry.data.get("by") == "brief"]
        assert said == [brief]
    asked = vendor.requests[1].body["messages"]
    assert asked[0]["content"] == BRIEF
    assert asked[1]["content"] == "Caller: A person, please."


# ---------------------------------------------------------------- the end


async def test_the_reason_of_a_hangup_goes_into_the_header_of_the_bye() -> None:
    model = FakeModel([["Bye. ", ToolCall("h", "hangup", {})], ""])
    async with (
        serving(new=[silent(hangup={"reason": "solved"})]) as app,
        Twin(app.url, model=model) as twin,
    ):
        call = await twin.call()
        await call.say("Thanks, bye.")
        await call.ended()

        headers = [e.data["headers"] for e in call.log if "headers" in e.data and e.kind == "note"]
        assert headers == [{"X-Reason": "solved"}]


# ---------------------------------------------------------------- while a tool runs


async def heard_while_waiting(filler: Any, until: int, **options: Any) -> TwinCall:
    """A call whose tool answers once so many texts were heard."""
    model = FakeModel([ToolCall("t", "find", {}), "Done."])
    verb = silent(toolFiller=filler, **options)
    async with serving(new=[verb]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        answer = asyncio.create_task(call.say("Go."))
        for _ in range(until):
            await call.heard()
        await app.seen("agent:tool-call")
        await app.send_tool_output("t", {"ok": True})
        await answer
        return call


async def test_an_audio_filler_is_heard_after_its_delay() -> None:
    filler = {"type": "audio", "url": "https://e.org/tick.wav", "startDelaySecs": 0.01}

    call = await heard_while_waiting(filler, 1)

    assert call.spoken == ["[audio: https://e.org/tick.wav]", "Done."]
    assert [e.data["by"] for e in call.log if e.kind == "heard"] == ["filler", "agent"]


async def test_a_backchannel_filler_says_more_the_longer_it_takes() -> None:
    filler = {"type": "backchannel", "startDelaySecs": 0.01, "escalationSecs": 0.02}

    call = await heard_while_waiting(filler, 4)

    assert call.spoken[:4] == [AT_FIRST, *LATER, LATER[-1]]
    assert call.spoken[-1] == "Done."


@pytest.mark.parametrize(
    "options", [{"toolFiller": False}, {"toolFiller": {"type": "backchannel"}}]
)
async def test_a_tool_that_answers_in_time_needs_no_filler(options: Any) -> None:
    call = await heard_while_waiting(options["toolFiller"], 0)

    assert call.spoken == ["Done."]


async def test_a_silent_agent_has_no_filler() -> None:
    filler = {"type": "backchannel", "startDelaySecs": 0.0}

    call = await heard_while_waiting(filler, 0, speak=False)

    assert call.spoken == []
    assert "the tool filler is heard" not in notes(call)


async def test_two_tools_at_once_are_filled_as_one() -> None:
    filler = {"type": "backchannel", "startDelaySecs": 0.01}
    model = FakeModel([[ToolCall("a", "find", {}), ToolCall("b", "find", {})], "Done."])
    async with serving(new=[silent(toolFiller=filler)]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        answer = asyncio.create_task(call.say("Go."))
        assert await call.heard() == AT_FIRST
        for id_ in ("a", "b"):
            await app.send_tool_output(id_, {})
        await answer

        assert call.spoken == [AT_FIRST, "Done."]


# ---------------------------------------------------------------- the limits of a reply


async def test_options_that_make_no_sense_are_noted_and_left_out() -> None:
    odd = {"maxTokens": "many", "temperature": "hot", "reasoningEffort": "extreme"}
    fine = {"maxTokens": 9, "temperature": 0, "reasoningEffort": "low"}
    requests: list[ChatRequest] = []
    for options in (odd, fine):
        model = FakeModel(["Yes."])
        verb = agent(greeting=False, llm={"vendor": "x", "llmOptions": options})
        async with serving(new=[verb]) as app, Twin(app.url, model=model) as twin:
            call = await twin.call()
            await call.say("Hi.")
            requests += model.requests
            if options is odd:
                assert [text for text in notes(call) if text.startswith("llmOptions.")] == [
                    "llmOptions.maxTokens: expected a whole number above 0; got 'many'",
                    "llmOptions.temperature: expected a number; got 'hot'",
                    "llmOptions.reasoningEffort: expected minimal or low or medium or high; got"
                    " 'extreme'",
                ]

    limits = [(r.max_tokens, r.temperature, r.reasoning_effort) for r in requests]
    assert limits == [(None, None, None), (9, 0, "low")]
