"""The twin's speech-to-speech verbs: what it takes from an application, and what it drops."""

from typing import Any

import pytest

from app.llm import FakeModel, ToolCall
from app.twin import Pace, Twin, TwinCall
from tests.twin_app import Message, serving

TOOL = {"type": "function", "name": "add", "description": "Add", "parameters": {"type": "object"}}
CALL = ToolCall("c1", "add", {})


def openai(**options: Any) -> Message:
    """An OpenAI verb with one tool."""
    session = {"instructions": "You are kind.", "tools": [TOOL]}
    return {
        "verb": "openai_s2s",
        "llmOptions": {"session_update": session},
        "toolHook": "/tools",
        "eventHook": "/events",
        **options,
    }


def notes(call: TwinCall) -> str:
    return "\n".join(entry.data["text"] for entry in call.log if entry.kind == "note")


def output(call_id: str = "c1", **item: Any) -> dict[str, Any]:
    return {
        "type": "conversation.item.create",
        "item": {"type": "function_call_output", "call_id": call_id, "output": "3", **item},
    }


async def test_an_output_in_openais_form_reaches_the_model() -> None:
    model = FakeModel([CALL, "Three."])
    tools = {"add": output()}
    async with serving(new=[openai()], tools=tools) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()

        assert await call.say("Add.") == "Three."
        asked = await app.seen("llm:tool-call")
        assert asked["data"] == {"tool_call_id": "c1", "name": "add", "args": {}}
        assert (asked["hook"], model.requests[1].messages[-1].content) == ("/tools", "3")


@pytest.mark.parametrize(
    "wrong",
    [
        {"result": 3},
        output("other"),
        output(output={"sum": 3}),
        output(type="message"),
        {**output(), "type": "conversation.item.delete"},
    ],
)
async def test_any_other_output_is_dropped_and_noted(wrong: dict[str, Any]) -> None:
    model = FakeModel([CALL, "Sorry."])
    tools = {"add": wrong}
    async with serving(new=[openai()], tools=tools) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()

        assert await call.say("Add.") == "Sorry."
        assert "invalid tool output, dropped" in notes(call)
        assert "did not answer in time" in model.requests[1].messages[-1].content


async def test_a_tool_that_does_not_answer_in_time_is_told_to_the_model() -> None:
    model = FakeModel([CALL, "Sorry."])
    async with (
        serving(new=[openai()]) as app,
        Twin(app.url, model=model, pace=Pace(tool=0.02)) as twin,
    ):
        call = await twin.call()

        assert await call.say("Add.") == "Sorry."


async def test_a_tool_in_another_vendors_form_is_not_seen() -> None:
    wrapped = {"type": "function", "function": {"name": "add"}}
    verb = openai(llmOptions={"session_update": {"tools": [wrapped]}})
    model = FakeModel(["Hello."])
    async with serving(new=[verb]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        await call.say("Hello?")

        assert model.requests[0].tools == ()


@pytest.mark.parametrize(
    ("events", "names"),
    [
        (None, ["conversation.item.input_audio_transcription.completed", "response.done"]),
        (["response.*"], ["response.done"]),
        (["all", "-response.*"], ["conversation.item.input_audio_transcription.completed"]),
        (["rate_limits.updated"], []),
    ],
)
async def test_events_are_filtered_as_jambonz_does(
    events: list[str] | None, names: list[str]
) -> None:
    verb = openai(**({"events": events} if events else {}))
    model = FakeModel([""])
    async with serving(new=[verb]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        await call.say("Hello?")

        assert [event["type"] for event in call.events] == names


async def test_without_an_event_hook_no_event_is_sent() -> None:
    verb = {"verb": "s2s", "vendor": "ultravox", "llmOptions": {}}
    model = FakeModel(["Hello."])
    async with serving(new=[verb]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()
        await call.say("Hello?")

        assert call.events == []


@pytest.mark.parametrize(
    ("verb", "event", "note"),
    [
        (openai(), {"type": "response.create"}, "invalid mid-call request"),
        (openai(), {"type": "session.update"}, "needs session"),
        (openai(), {"type": "conversation.item.create", "item": {}}, "needs item"),
        ({"verb": "elevenlabs_s2s"}, {"type": "contextual_update"}, "ignored"),
        ({"verb": "ultravox_s2s"}, {"type": "input_text_message"}, "needs text"),
        ({"verb": "gptlive_s2s"}, {"type": "session.context.append"}, "needs content"),
        ({"verb": "deepgram_s2s"}, {"type": "InjectAgentMessage"}, "needs message"),
    ],
)
async def test_an_update_that_the_vendor_cannot_take_is_noted(
    verb: Message, event: Message, note: str
) -> None:
    async with serving(new=[verb]) as app, Twin(app.url, model=FakeModel()) as twin:
        call = await twin.call()
        await app.command("llm:update", event)
        await call.command("llm:update")

        assert note in notes(call)


async def test_deepgrams_agent_says_a_fixed_sentence() -> None:
    async with serving(new=[{"verb": "deepgram_s2s"}]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await app.command("llm:update", {"type": "InjectAgentMessage", "message": "One moment."})

        assert await call.heard() == "One moment."


async def test_events_and_tool_calls_by_hand_go_out_as_a_vendors() -> None:
    tools = {"add": output()}
    verb = openai(events=["all"])
    async with serving(new=[verb], tools=tools) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.event("rate_limits.updated", limits=5)

        assert (await app.seen("llm:event"))["data"] == {
            "type": "rate_limits.updated",
            "limits": 5,
        }
        assert await call.tool_call("add", {}, tool_call_id="c1") == output()


async def test_an_agent_behind_it_speaks_its_own_dialect_again() -> None:
    second = {"verb": "agent", "greeting": False, "eventHook": "/events", "llm": {}}
    async with serving(new=[openai()]) as app, Twin(app.url, model=FakeModel(["Hi."])) as twin:
        call = await twin.call()
        await app.command("config", {"notifyEvents": True})
        await app.command("redirect", [second])
        await app.seen("verb:status", name="agent", event="starting")
        await call.say("Hello?")

        assert (await app.seen("agent:event"))["data"]["type"] == "user_transcript"
        assert app.of("llm:event") == []
