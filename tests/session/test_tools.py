"""Tool calls: one output each, in time, whatever the function does."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any

import pytest
import structlog

from app import Agent, Application, Session, ToolError, tool
from app.session.runtime import MAX_THREADS, Threads
from tests.session.conftest import Line
from tests.session.test_opening import AGENT, application_with

Dial = Callable[[Application[Any, Any]], Line]


async def talking(call: Dial, *tools: Any, **options: Any) -> Line:
    line = call(
        application_with(Agent(**AGENT, instructions="Help.", tools=list(tools), **options))
    )
    await line.open()
    return line


@tool
async def add(left: int, right: int) -> int:
    """Add two numbers."""
    return left + right


async def test_a_result_is_the_output(call: Dial) -> None:
    line = await talking(call, add)

    assert await line.tool_call("add", left=1, right=2) == {"result": 3}


async def test_wrong_arguments_come_back_to_the_model_as_what_is_wrong(call: Dial) -> None:
    line = await talking(call, add)
    output = await line.tool_call("add", left="many")

    assert "left" in output["error"]
    assert "right" in output["error"]


async def test_a_tool_error_is_a_message_to_the_model(call: Dial) -> None:
    @tool
    async def fail() -> None:
        """Fail."""
        raise ToolError("Ask for a nearby city.")

    line = await talking(call, fail)

    assert await line.tool_call("fail") == {"error": "Ask for a nearby city."}


async def test_any_other_error_is_a_neutral_sentence(call: Dial) -> None:
    @tool
    async def fail() -> None:
        """Fail."""
        raise RuntimeError("password=secret")

    line = await talking(call, fail)
    output = await line.tool_call("fail")

    assert "secret" not in str(output)
    assert "error" in output


async def test_the_session_is_handed_to_a_tool_that_asks_for_it(call: Dial) -> None:
    @tool
    async def whoami(session: Session) -> str:
        """Tell the caller's number."""
        return session.from_

    line = await talking(call, whoami)

    assert await line.tool_call("whoami") == {"result": "+15085551212"}


async def test_a_sync_tool_runs_in_a_thread_of_its_own_pool(call: Dial) -> None:
    @tool
    def where() -> str:
        """Name the thread."""
        return threading.current_thread().name

    line = await talking(call, where)

    assert (await line.tool_call("where"))["result"].startswith("user-code")


async def test_several_tools_run_at_once_and_answer_in_any_order(call: Dial) -> None:
    gates = {"a": asyncio.Event(), "b": asyncio.Event()}

    @tool
    async def wait(name: str) -> str:
        """Wait for a gate."""
        await gates[name].wait()
        return name

    line = await talking(call, wait)
    first = asyncio.create_task(line.tool_call("wait", "1", name="a"))
    second = asyncio.create_task(line.tool_call("wait", "2", name="b"))
    await asyncio.sleep(0)
    gates["b"].set()
    assert await second == {"result": "b"}
    gates["a"].set()
    assert await first == {"result": "a"}


async def test_a_repeated_tool_call_id_runs_once(call: Dial) -> None:
    runs = []

    @tool
    async def order() -> str:
        """Order."""
        runs.append(1)
        return "ordered"

    line = await talking(call, order)
    await line.tool_call("order", "same")
    await line.tool_call("order", "same")
    await line.settled()

    assert (runs, len(line.outputs("same"))) == ([1], 1)


async def test_a_once_tool_runs_once_per_call_and_arguments(call: Dial) -> None:
    runs: list[str] = []

    @tool(once=True)
    async def book(day: str) -> dict[str, str]:
        """Book a table."""
        runs.append(day)
        return {"booked": day}

    line = await talking(call, book)
    assert await line.tool_call("book", "1", day="friday") == {"booked": "friday"}
    again = await line.tool_call("book", "2", day="friday")
    assert again["result"] == {"booked": "friday"}
    assert await line.tool_call("book", "3", day="sunday") == {"booked": "sunday"}
    assert runs == ["friday", "sunday"]


async def test_a_late_result_is_delivered_as_context_and_spoken_of(call: Dial) -> None:
    gate = asyncio.Event()

    @tool(timeout=0.1)
    async def slow() -> dict[str, int]:
        """Take long."""
        await gate.wait()
        return {"answer": 42}

    line = await talking(call, slow)
    assert "still running" in (await line.tool_call("slow"))["result"]
    gate.set()
    context, reply = await line.command("agent:update", 2)
    assert '{"answer":42}' in context["messages"][0]["content"]
    assert reply == {"type": "generate_reply"}
    assert len(line.outputs("t1")) == 1


async def test_a_late_tool_has_a_bound_too_and_the_model_hears_of_it(call: Dial) -> None:
    cancelled = asyncio.Event()

    @tool(timeout=0.1, late_limit=0.2)
    async def endless() -> None:
        """Never end."""
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    line = await talking(call, endless)
    await line.tool_call("endless")
    await asyncio.wait_for(cancelled.wait(), 5)
    context, _ = await line.command("agent:update", 2)
    assert "did not finish" in context["messages"][0]["content"]


async def test_a_tool_that_is_to_be_cancelled_is_really_cancelled(call: Dial) -> None:
    cancelled = asyncio.Event()

    @tool(timeout=0.1, late="cancel")
    async def slow() -> None:
        """Take long."""
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    line = await talking(call, slow)
    assert "stopped" in (await line.tool_call("slow"))["result"]
    await asyncio.wait_for(cancelled.wait(), 5)
    await line.settled()
    assert line.commands("agent:update") == []


async def test_a_filler_is_spoken_on_a_track_of_its_own_and_silenced_at_the_end(call: Dial) -> None:
    gate = asyncio.Event()

    @tool(filler="One moment.", filler_after=0.05)
    async def slow() -> str:
        """Take long."""
        await gate.wait()
        return "ok"

    line = await talking(call, slow)
    running = asyncio.create_task(line.tool_call("slow"))
    added, said = await line.command("dub", 2)
    gate.set()
    await running
    assert (added["action"], said["say"]) == ("addTrack", "One moment.")
    assert line.commands("dub")[-1]["action"] == "silenceTrack"


async def test_an_unknown_tool_is_answered_with_what_there_is(call: Dial) -> None:
    line = await talking(call, add)
    output = await line.tool_call("ad")

    assert "add" in output["result"]


async def test_too_many_tools_at_once_are_refused_and_answered(call: Dial) -> None:
    gate = asyncio.Event()

    @tool
    async def wait() -> str:
        """Wait."""
        await gate.wait()
        return "ok"

    line = await talking(call, wait)
    running = [asyncio.create_task(line.tool_call("wait", str(n))) for n in range(17)]
    assert "Too many" in (await running[16])["result"]
    gate.set()
    assert [one["result"] for one in await asyncio.gather(*running[:16])] == ["ok"] * 16


@pytest.mark.parametrize(
    ("result", "seen"),
    [
        (None, {"result": None}),
        ([1, 2], {"result": [1, 2]}),
        ({"a": 1}, {"a": 1}),
        (float("nan"), {"result": None}),
    ],
)
async def test_results_that_are_no_objects_are_wrapped(call: Dial, result: Any, seen: Any) -> None:
    @tool
    async def give() -> object:
        """Give it."""
        return result

    line = await talking(call, give)

    assert await line.tool_call("give") == seen


async def test_an_oversized_result_is_cut_with_a_note(call: Dial) -> None:
    @tool
    async def give() -> str:
        """Give much."""
        return "x" * 100_000

    line = await talking(call, give)
    output = await line.tool_call("give")

    assert len(output["result"]) < 5000
    assert "cut from" in output["note"]


async def test_what_cannot_be_json_is_an_error_to_the_model_and_the_author(call: Dial) -> None:
    @tool
    async def give() -> object:
        """Give an object."""
        return object()

    line = await talking(call, give)

    assert "error" in await line.tool_call("give")


async def test_a_handler_by_name_answers_by_hand(call: Dial) -> None:
    flat = {"name": "find", "description": "Find.", "parameters": {"type": "object"}}
    agent = Agent(**AGENT, instructions="Help.", tools=[flat], tool_hook="/tool-call")
    ported = application_with(agent)

    @ported.on("/tool-call")
    async def on_tool_call(session: Session, data: dict[str, Any]) -> None:
        await session.send_tool_output(data["tool_call_id"], {"found": data["arguments"]["what"]})

    line = call(ported)
    await line.open()
    data = {"tool_call_id": "k", "name": "find", "args": {"what": "keys"}}
    line.send("llm:tool-call", data, hook="/tool-call")

    assert await line.output("k") == {"found": "keys"}


async def test_a_tool_call_that_a_handler_leaves_unanswered_is_answered_at_its_deadline(
    call: Dial,
) -> None:
    flat = {"name": "find", "description": "Find.", "parameters": {"type": "object"}}
    agent = Agent(**AGENT, instructions="Help.", tools=[flat], tool_hook="/tool-call")
    ported = application_with(agent)

    @ported.on("/tool-call")
    async def on_tool_call(session: Session, data: dict[str, Any]) -> None:
        return None

    line = call(ported)
    await line.open()
    line.send("agent:tool-call", {"tool_call_id": "k", "name": "find"}, hook="/tool-call")

    assert "Nothing answered" in (await line.output("k"))["result"]


async def test_tools_end_with_their_call(call: Dial) -> None:
    cancelled = asyncio.Event()

    @tool
    async def endless() -> None:
        """Never end."""
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    line = await talking(call, endless)
    line.send("agent:tool-call", {"tool_call_id": "k", "name": "endless"}, hook="/tools")
    await asyncio.sleep(0)
    line.session.end("test")
    await asyncio.wait_for(cancelled.wait(), 5)


@pytest.mark.parametrize("late", ["cancel", "deliver"])
async def test_a_function_that_goes_on_when_it_is_cancelled_is_not_heard_again(
    call: Dial, late: Any
) -> None:
    @tool(timeout=0.05, late=late, late_limit=0.1)
    async def stubborn() -> int:
        """Catch the cancellation."""
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return 1

    line = await talking(call, stubborn)
    await line.tool_call("stubborn")
    await line.settled()

    assert len(line.outputs("t1")) == 1
    assert line.session.snapshot()["tool_calls"] == 1
    told = [one for one in line.commands("agent:update") if one["type"] == "inject_context"]
    assert len(told) == (late == "deliver"), "that it failed, and no result after that"


async def test_a_late_result_is_whole(call: Dial) -> None:
    gate = asyncio.Event()

    @tool(timeout=0.05)
    async def talk() -> str:
        """Talk at length."""
        await gate.wait()
        return "x" * 3500

    line = await talking(call, talk)
    await line.tool_call("talk")
    gate.set()
    updates = await line.command("agent:update", 2)

    assert "x" * 3500 in updates[0]["messages"][0]["content"]


@pytest.mark.parametrize("late", ["cancel", "deliver"])
async def test_the_filler_is_silent_as_soon_as_the_model_has_an_answer(
    call: Dial, late: Any
) -> None:
    @tool(timeout=0.2, late=late, filler="One moment.", filler_after=0.05)
    async def wait() -> None:
        """Wait for ever."""
        await asyncio.Event().wait()

    line = await talking(call, wait)
    await line.tool_call("wait")

    assert [one["action"] for one in await line.command("dub", 3)] == [
        "addTrack", "sayOnTrack", "silenceTrack",
    ]  # fmt: skip


async def test_a_function_that_the_end_of_the_call_stops_is_in_the_log(call: Dial) -> None:
    started = asyncio.Event()

    @tool
    async def book() -> None:
        """Book something."""
        started.set()
        await asyncio.Event().wait()

    line = await talking(call, book)
    line.send("agent:tool-call", {"tool_call_id": "k", "name": "book"}, hook="/tools")
    await started.wait()
    with structlog.testing.capture_logs() as logs:
        line.session.log = structlog.get_logger()
        line.session.end("completed")
    await line.settled()

    assert [one["tool"] for one in logs if one["event"] == "tool_result_unused"] == ["book"]


def test_the_log_says_when_all_threads_are_busy() -> None:
    threads, gate = Threads(), threading.Event()
    with structlog.testing.capture_logs() as logs:
        running = [threads.submit(gate.wait) for _ in range(MAX_THREADS)]
        assert logs == []
        running += [threads.submit(gate.wait) for _ in range(3)]
    gate.set()
    threads.shutdown()

    assert all(one.result() for one in running)
    assert [one["event"] for one in logs] == ["threads_exhausted"]
