"""The four mid-call updates, as they take effect on the twin's agent."""

import asyncio
from typing import Any

import pytest

from app.llm import FakeModel, ToolCall
from app.twin import Twin
from tests.twin_app import Message, agent, serving

TOOL = {"name": "find_slot", "description": "Find a slot", "parameters": {"type": "object"}}
SLOW = ToolCall("id_slow", "slow", {})


def silent(**options: Any) -> Message:
    """An agent that waits for the caller to speak first."""
    return agent(greeting=False, **options)


async def test_update_instructions_holds_from_the_next_request() -> None:
    model = FakeModel(["One.", "Two."])
    async with serving(new=[silent()]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        await call.say("a")
        await app.update(type="inject_context", messages=[{"role": "system", "content": "Gold."}])
        await app.update(type="update_instructions", instructions="You sell.")
        assert await call.updates(2) == ["inject_context", "update_instructions"]
        await call.say("b")

        assert [r.system for r in model.requests] == ["You are kind.", "You sell.\n\nGold."]


async def test_inject_context_goes_to_the_history_and_causes_no_reply() -> None:
    model = FakeModel(["One."])
    async with serving(new=[silent()]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        messages = [
            {"role": "user", "content": "CRM: Sarah"},
            {"role": "assistant", "content": "k"},
        ]
        await app.update(type="inject_context", messages=messages)
        await call.updates(1)
        assert model.requests == []
        await call.say("a")

        assert [m.content for m in model.requests[0].messages] == ["CRM: Sarah", "k", "a"]


async def test_update_tools_replaces_the_inline_tools() -> None:
    model = FakeModel(["One.", "Two."])
    llm = {"vendor": "openai", "model": "x", "llmOptions": {"tools": [TOOL]}}
    async with serving(new=[silent(llm=llm, hangup={})]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        await call.say("a")
        await app.update(type="update_tools", tools=[{"name": "other"}])
        await call.updates(1)
        await call.say("b")

        names = [[tool.name for tool in request.tools] for request in model.requests]
        assert names == [["find_slot", "hangup"], ["other", "hangup"]]


async def test_generate_reply_speaks_at_once_when_idle() -> None:
    model = FakeModel(["The office closes.", "Yes?"])
    async with serving(new=[silent()]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        await app.update(type="generate_reply", user_input="Tell it.", instructions="One sentence.")

        assert await call.heard() == "The office closes."
        assert model.requests[0].messages[-1].content == "Tell it."
        assert model.requests[0].system == "You are kind.\n\nOne sentence."
        await call.say("Hm?")
        assert model.requests[1].system == "You are kind."


async def test_generate_reply_waits_for_the_end_of_a_turn() -> None:
    model = FakeModel([SLOW, "First.", "Second."])
    async with serving(new=[silent()]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        answer = asyncio.create_task(call.say("Go."))
        await app.seen("agent:tool-call")
        await app.update(type="generate_reply")
        await call.updates(1)
        await app.send_tool_output("id_slow", {})

        assert await answer == "First. Second."


async def test_generate_reply_with_interrupt_cuts_the_present_reply() -> None:
    model = FakeModel([SLOW, "Now this."])
    async with serving(new=[silent()]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        answer = asyncio.create_task(call.say("Go."))
        await app.seen("agent:tool-call")
        await app.update(type="generate_reply", user_input="URGENT", interrupt=True)

        assert await answer == "Now this."
        ends = [e for e in call.events if e["type"] == "turn_end"]
        assert [e["interrupted"] for e in ends] == [True, False]
        assert "user_interruption" not in [e["type"] for e in call.events]


@pytest.mark.parametrize(
    ("update", "details"),
    [
        ({"type": "update_everything"}, "unknown type 'update_everything'"),
        ({"type": "update_instructions"}, "needs instructions"),
        ({"type": "inject_context", "messages": "x"}, "needs messages"),
        ({"type": "update_tools", "tools": ["x"]}, "needs tools"),
    ],
)
async def test_a_wrong_update_is_told_as_jambonz_error(update: Message, details: str) -> None:
    async with serving(new=[silent()]) as app, Twin(app.url, model=FakeModel([])) as twin:
        await twin.call()
        await app.update(**update)

        assert details in (await app.seen("jambonz:error"))["data"]["details"]
