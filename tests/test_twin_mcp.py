"""The twin calls the MCP servers of an agent verb by itself, as jambonz does."""

import asyncio
from typing import Any

import pytest

from app.llm import FakeModel, ToolCall
from app.twin import Twin, TwinCall
from tests.mcp.peers import Desk, application, hosted, official, third_party
from tests.twin_app import Message, agent, serving

OWN = {"name": "own", "description": "Of the application", "parameters": {"type": "object"}}


def with_servers(*urls: str, **more: Any) -> Message:
    options = {"llmOptions": {"systemPrompt": "Hello.", "tools": [OWN]}}
    servers = [{"url": url} for url in urls]
    return agent(greeting=False, llm={"vendor": "openai", **options}, mcpServers=servers, **more)


def notes(call: TwinCall) -> str:
    return "\n".join(entry.data["text"] for entry in call.log if entry.kind == "note")


@pytest.mark.parametrize("clock", ["real", "virtual"])
async def test_tools_of_servers_are_offered_and_called_and_the_application_is_not_asked(
    clock: Any,
) -> None:
    desk = Desk()
    call_of = ToolCall("one", "add", {"a": 1, "b": 2})
    model = FakeModel([[call_of], "Three.", [ToolCall("two", "own", {})], "Mine."])
    async with (
        hosted(application(official(desk), "http")) as host,
        serving(new=[with_servers(f"{host.url}/mcp")], tools={"own": {"ok": True}}) as app,
        Twin(app.url, model=model, clock=clock, dialect="docs") as twin,
    ):
        call = await twin.call()
        assert await call.say("One and two?") == "Three."
        assert await call.say("And yours?") == "Mine."
        turn = await app.seen("agent:event", type="turn_end")

        names = [tool.name for tool in model.requests[0].tools]
        assert names == ["own", "add", "find_order", "fail", "wait"]
        assert model.requests[1].messages[-1].content == '{"result": 3}'
        assert [one["name"] for one in turn["data"]["tool_calls"]] == ["add"]
        assert [m["data"]["name"] for m in app.of("agent:tool-call")] == ["own"]
        assert "MCP servers offer: add, find_order, fail, wait" in notes(call)


async def test_a_server_hides_a_tool_of_the_application_and_an_update_keeps_its_tools() -> None:
    same = {**OWN, "name": "add"}
    model = FakeModel(["Yes.", "And yes."])
    async with (
        hosted(application(third_party(Desk()), "sse")) as host,
        serving(new=[with_servers(f"{host.url}/sse")]) as app,
        Twin(app.url, model=model) as twin,
    ):
        call = await twin.call()
        await call.say("Well?")
        await app.update(type="update_tools", tools=[same, {**OWN, "name": "new"}])
        await call.updates(1)
        await call.say("Well?")

    offered = [tool.name for tool in model.requests[1].tools]
    assert offered == ["new", "add", "find_order", "fail", "wait"]
    added = next(tool for tool in model.requests[1].tools if tool.name == "add")
    assert added.description == "Add two numbers."


async def test_a_server_that_cannot_be_reached_is_a_note_and_the_call_goes_on() -> None:
    desk = Desk()
    model = FakeModel(["Yes."])
    async with (
        hosted(application(official(desk), "http")) as host,
        serving(
            new=[with_servers("http://127.0.0.1:1/mcp", "python -m evil", f"{host.url}/mcp")]
        ) as app,
        Twin(app.url, model=model) as twin,
    ):
        call = await twin.call()
        assert await call.say("Well?") == "Yes."

        assert "MCP server http://127.0.0.1:1/mcp cannot be used; tried" in notes(call)
        assert "expected a url with http or https; got {'url': 'python -m evil'}" in notes(call)
        assert "add" in [tool.name for tool in model.requests[0].tools]


async def test_who_hangs_up_while_a_server_does_not_answer_waits_for_nobody() -> None:
    async def never(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            asked.set()
            await asyncio.Event().wait()

    asked = asyncio.Event()
    async with hosted(never) as host:
        before = asyncio.all_tasks()
        async with (
            serving(new=[with_servers(f"{host.url}/mcp")]) as app,
            Twin(app.url, model=FakeModel([])) as twin,
        ):
            call = await twin.call()
            async with asyncio.timeout(5):
                await asked.wait()
            async with asyncio.timeout(2):
                await call.hangup()
        left = [task for task in asyncio.all_tasks() - before if "uvicorn" not in repr(task)]
        assert left == []


async def test_an_error_and_a_lost_server_are_told_to_the_model() -> None:
    desk = Desk()
    fails, waits = ToolCall("one", "fail", {"reason": "x"}), ToolCall("two", "wait", {})
    model = FakeModel([[fails], "It failed.", [waits], "It is gone."])
    async with (
        hosted(application(third_party(desk), "http")) as host,
        serving(new=[with_servers(f"{host.url}/mcp")]) as app,
        Twin(app.url, model=model) as twin,
    ):
        call = await twin.call()
        assert await call.say("Fail.") == "It failed."
        answer = asyncio.create_task(call.say("Wait."))
        await desk.begun.wait()
        await host.die()

        assert await answer == "It is gone."
        told = [request.messages[-1].content for request in model.requests]
        assert told[1] == '{"error": "Error calling tool \'fail\': x"}'
        assert told[3] == '{"error": "wait could not be called"}'
        assert "wait of MCP server" in notes(call)
