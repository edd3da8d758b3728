"""Tool calls go on in another process, by one rule."""

import asyncio
from typing import Any

import orjson
import pytest

from app import Agent, Application, Session, tool
from tests.session.doubles import FakeKeeper, Runs
from tests.session.keeping import Dial, agent_with, ask, kept, resent, resume, revived
from tests.session.test_opening import AGENT, application_with


async def test_a_call_without_tools_in_flight_keeps_nothing(call: Dial, slow: Any) -> None:
    line = call(agent_with(slow))
    await line.open()

    assert line.session._tool_calls.capture() is None


async def test_a_tool_that_ran_runs_again_with_the_arguments_of_the_model(
    call: Dial, keeper: FakeKeeper, slow: Any, runs: Runs, gate: asyncio.Event
) -> None:
    application = agent_with(slow)
    line = call(application)
    await line.open()
    keeper.log.clear()
    ask(line, "slow", items=["a", "b"])
    assert keeper.log == ["changed soon"]
    again = await revived(application, kept(line))
    assert resume(again) == ["runs again"]
    gate.set()

    assert await again.output("t1") == {"result": "done"}
    assert runs == [["a", "b"], ["a", "b"]]
    assert resent(again) == 0


async def test_a_late_tool_runs_again_and_its_result_comes_as_context(
    call: Dial, runs: Runs, gate: asyncio.Event
) -> None:
    @tool(timeout=0.05)
    async def slow() -> dict[str, int]:
        """Take long."""
        runs.append(1)
        await gate.wait()
        return {"answer": 42}

    application = agent_with(slow)
    line = call(application)
    await line.open()
    await line.tool_call("slow")
    again = await revived(application, kept(line))
    assert resume(again) == ["runs again"]
    gate.set()
    context, _ = await again.command("agent:update", 2)

    assert '{"answer":42}' in context["messages"][0]["content"]
    assert again.outputs("t1") == []
    assert runs == [1, 1]


@pytest.fixture
def ported(gate: asyncio.Event, runs: Runs) -> Application[Any, Any]:
    flat = {"name": "find", "description": "Find.", "parameters": {"type": "object"}}
    agent = Agent(**AGENT, instructions="Help.", tools=[flat], tool_hook="/tool-call")
    application = application_with(agent)

    @application.on("/tool-call")
    async def on_tool_call(session: Session, data: dict[str, Any]) -> dict[str, Any]:
        runs.append(data["arguments"])
        await gate.wait()
        return {"found": data["arguments"]["what"]}

    return application


async def test_a_handler_by_name_is_asked_again(
    call: Dial, ported: Application[Any, Any], runs: Runs, gate: asyncio.Event
) -> None:
    line = call(ported)
    await line.open()
    data = {"tool_call_id": "k", "name": "find", "args": {"what": "keys"}}
    line.send("llm:tool-call", data, hook="/tool-call")
    again = await revived(ported, kept(line))
    assert resume(again) == ["runs again"]
    gate.set()

    assert await again.output("k") == {"found": "keys"}
    assert runs == [{"what": "keys"}, {"what": "keys"}]


async def test_of_several_calls_in_one_message_those_go_on_that_ran(
    call: Dial, runs: Runs, gate: asyncio.Event
) -> None:
    @tool
    async def wait(name: str) -> str:
        """Wait."""
        runs.append(name)
        await gate.wait()
        return name

    application = agent_with(wait)
    line = call(application)
    await line.open()
    calls = [{"id": one, "name": "wait", "args": {"name": one}} for one in ("a", "b")]
    line.send("agent:tool-call", {"type": "toolCall", "function_calls": calls}, hook="/tools")
    value = kept(line)
    assert len(value["frames"]) == 1
    again = await revived(application, value)
    resume(again)
    gate.set()

    assert await again.output("a") == {"result": "a"}
    assert await again.output("b") == {"result": "b"}
    assert runs == ["a", "b", "a", "b"]


async def test_a_tool_whose_function_is_gone_is_answered_in_neutral_words(
    call: Dial, slow: Any
) -> None:
    line = call(agent_with(slow))
    await line.open()
    ask(line, "slow", items=[])

    @tool
    async def other() -> None:
        """Do something else."""

    again = await revived(agent_with(other), kept(line))
    assert resume(again) == ["its function is gone"]
    output = await again.output("t1")

    assert "not possible right now" in output["error"]


async def test_a_message_that_was_too_large_to_be_kept_is_answered_too(
    call: Dial, slow: Any
) -> None:
    application = agent_with(slow)
    line = call(application)
    await line.open()
    data = {"tool_call_id": "t1", "name": "slow", "arguments": {"items": []}}
    line.send("agent:tool-call", {**data, "news": "x" * 70_000}, hook="/tools")
    value = kept(line)
    assert len(orjson.dumps(value)) < 1000
    again = await revived(application, value)
    resume(again)

    assert "not possible right now" in (await again.output("t1"))["error"]


async def test_calls_over_mcp_are_dropped_since_who_waited_is_gone(
    call: Dial, slow: Any, runs: Runs
) -> None:
    application = agent_with(slow)
    line = call(application)
    await line.open()
    waiting = asyncio.create_task(line.session.call_mcp_tool(slow, {"items": ["a"]}))
    await runs.begun()
    again = await revived(application, kept(line))
    assert resume(again) == ["dropped: it came over MCP"]
    await line.session._tool_calls.finish(0.0)
    _, is_error = await waiting

    assert is_error
    assert runs == [["a"]]


async def test_tools_have_their_grace_and_what_ends_in_it_is_answered(
    call: Dial, slow: Any, gate: asyncio.Event
) -> None:
    line = call(agent_with(slow))
    await line.open()
    ask(line, "slow", items=["a"])
    leaving = asyncio.create_task(line.session._tool_calls.finish(5.0))
    await asyncio.sleep(0)
    gate.set()
    await leaving

    assert line.outputs("t1") == [{"result": "done"}]
    assert "calls" not in (line.session._tool_calls.capture() or {})


async def test_what_is_not_done_by_then_and_what_still_comes_goes_on_elsewhere(
    call: Dial, slow: Any, runs: Runs, gate: asyncio.Event
) -> None:
    application = agent_with(slow)
    line = call(application)
    await line.open()
    ask(line, "slow", "t1", items=["a"])
    await line.session._tool_calls.finish(0.0)
    ask(line, "slow", "t2", items=["b"])
    await line.settled()
    assert runs == [["a"]]
    again = await revived(application, kept(line))
    resume(again)
    gate.set()

    assert await again.output("t1") == {"result": "done"}
    assert await again.output("t2") == {"result": "done"}
    assert line.outputs("t1") == line.outputs("t2") == []
    assert runs == [["a"], ["a"], ["b"]]


async def test_a_call_that_could_not_be_moved_goes_on_where_it_is(
    call: Dial, slow: Any, runs: Runs, gate: asyncio.Event
) -> None:
    line = call(agent_with(slow))
    await line.open()
    ask(line, "slow", "t1", items=["a"])
    await line.session._tool_calls.finish(0.0)
    line.session.go_on()
    gate.set()

    assert await line.output("t1") == {"result": "done"}
    assert runs == [["a"], ["a"]]
