"""Handlers, hooks and tools that raise or hang: calls go on, their own too."""

import asyncio
import logging
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
import structlog
from aiohttp import WSCloseCode

from app import (
    Agent,
    Application,
    GatherEnded,
    Session,
    UserTranscript,
    action_hook,
    event_hook,
    gather,
    say,
    tool,
)
from app.protocol import Kind
from app.session import inbound
from tests.server.conftest import AGENT, Logbook, Server, Start, agent_application, answering, ping
from tests.server.jambonz import CALLER, Jambonz

APOLOGY = [
    {"verb": "say", "text": "We are sorry, something went wrong. Please call again later."},
    {"verb": "hangup"},
]


def fail() -> None:
    raise RuntimeError(f"no customer with the number {CALLER}")


def leave() -> None:
    sys.exit(3)


def find_nothing() -> None:
    next(iter([]))


async def cancel_itself() -> None:
    task = asyncio.ensure_future(asyncio.sleep(60))
    task.cancel()
    await task


FAULTS = {"raises": fail, "exits": leave, "finds nothing": find_nothing}


def handler(fault: Callable[[], None], *, is_async: bool) -> Callable[..., Any]:
    """A function of the author that ends badly."""

    async def async_function(session: Session) -> Any:
        fault()

    def sync_function(session: Session) -> Any:
        fault()

    return async_function if is_async else sync_function


@pytest.mark.parametrize("is_async", [True, False], ids=["async", "sync"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_handler_that_fails_apologises_and_the_socket_stays(
    start: Start, logbook: Logbook, fault: Callable[[], None], is_async: bool
) -> None:
    application: Application[Any, Any] = Application("/call")
    application.session_new(handler(fault, is_async=is_async))
    server = await start(application)
    call = await server.dial()

    assert (await call.open())["data"] == APOLOGY
    line = await logbook.line("handler_failed", call_sid=call.call_sid)
    assert line["exception"][0]["exc_type"] in ("RuntimeError", "UserCodeError")
    await call.close()
    await logbook.line("call_ended", call_sid=call.call_sid, reason="completed")


@pytest.mark.parametrize("is_async", [True, False], ids=["async", "sync"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_tool_that_fails_is_answered_with_a_neutral_sentence(
    start: Start, logbook: Logbook, fault: Callable[[], None], is_async: bool
) -> None:
    @tool(name="broken")
    async def async_tool(city: str) -> str:
        """Break."""
        fault()
        return ""

    @tool(name="broken")
    def sync_tool(city: str) -> str:
        """Break."""
        fault()
        return ""

    broken = async_tool if is_async else sync_tool
    call = await (await start(agent_application(tools=[broken, ping]))).call()
    output = await call.tool_call("broken", {"city": "PRIVATE"})

    assert "The tool failed" in output["error"]
    await logbook.line("handler_failed", kind="tool", name="broken", call_sid=call.call_sid)
    assert await call.tool_call("ping") == {"result": "pong"}


async def test_a_tool_that_something_cancels_is_answered_too(
    start: Start, logbook: Logbook
) -> None:
    @tool
    async def broken() -> None:
        """Break."""
        await cancel_itself()

    call = await (await start(agent_application(tools=[broken, ping]))).call()

    assert "The tool failed" in (await call.tool_call("broken"))["error"]
    await logbook.line(
        "handler_failed", kind="tool", error="something that it awaited was cancelled"
    )


@pytest.mark.parametrize("is_async", [True, False], ids=["async", "sync"])
async def test_a_hook_that_fails_is_acked_and_jambonz_goes_on(
    start: Start, logbook: Logbook, is_async: bool
) -> None:
    @action_hook(name="heard")
    async def async_hook(session: Session, ended: GatherEnded) -> Any:
        fail()

    @action_hook(name="heard")
    def sync_hook(session: Session, ended: GatherEnded) -> Any:
        fail()

    hook = async_hook if is_async else sync_hook
    call = await (await start(answering(lambda: gather(action_hook=hook)))).call()

    assert "data" not in await call.hook("/heard", reason="timeout", transcript="PRIVATE")
    await logbook.line("handler_failed", call_sid=call.call_sid)


@pytest.mark.parametrize("is_async", [True, False], ids=["async", "sync"])
async def test_an_event_hook_that_fails_or_hangs_does_not_stop_the_next_event(
    start: Start, logbook: Logbook, is_async: bool
) -> None:
    gate, is_open = asyncio.Event(), threading.Event()
    heard: list[str] = []

    @event_hook
    async def async_hook(session: Session, event: UserTranscript) -> None:
        if event.transcript == "PRIVATE failing":
            fail()
        if event.transcript == "PRIVATE hanging":
            await gate.wait()
        heard.append(event.transcript)

    @event_hook
    def sync_hook(session: Session, event: UserTranscript) -> None:
        if event.transcript == "PRIVATE failing":
            fail()
        if event.transcript == "PRIVATE hanging":
            is_open.wait(5)
            return
        heard.append(event.transcript)

    hook = async_hook if is_async else sync_hook
    server = await start(agent_application(event_hooks=[hook]), limits={"hook_timeout": 0.2})
    call = await server.call()
    for words in ("failing", "hanging", "working"):
        await call.event("user_transcript", transcript=f"PRIVATE {words}")
    assert await call.tool_call("ping") == {"result": "pong"}

    await logbook.line("handler_failed", kind="event", error="the event hook ran for too long")
    await settled(server, call)
    assert heard == ["PRIVATE working"]
    is_open.set()


@pytest.mark.parametrize("is_async", [True, False], ids=["async", "sync"])
async def test_a_handler_that_hangs_keeps_the_caller_on_the_line_and_its_verbs_follow(
    start: Start, logbook: Logbook, is_async: bool
) -> None:
    gate, is_open = asyncio.Event(), threading.Event()
    application: Application[Any, Any] = Application("/call")

    async def async_answer(session: Session) -> Any:
        await gate.wait()
        return say("at last")

    def sync_answer(session: Session) -> Any:
        is_open.wait(5)
        return say("at last")

    application.session_new(async_answer if is_async else sync_answer)
    server = await start(application, ack_deadline=0.2)
    call = await server.dial()

    assert (await call.open())["data"] == [{"verb": "pause", "length": 1}]
    await logbook.line("ack_let_go", call_sid=call.call_sid)
    gate.set()
    is_open.set()
    assert (await call.commands("redirect"))[0]["data"] == [{"verb": "say", "text": "at last"}]
    await logbook.line("answered_late", call_sid=call.call_sid)


async def test_a_handler_that_hangs_for_ever_ends_with_its_call(
    start: Start, logbook: Logbook
) -> None:
    ended = asyncio.Event()
    application: Application[Any, Any] = Application("/call")

    @application.session_new
    async def answer(session: Session) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    call = await (await start(application, ack_deadline=0.1)).call()
    await call.close()

    async with asyncio.timeout(5):
        await ended.wait()
    await logbook.line("call_ended", call_sid=call.call_sid)
    assert not logbook.about("handler_failed")


@pytest.mark.parametrize("is_async", [True, False], ids=["async", "sync"])
async def test_a_tool_that_hangs_is_answered_at_its_deadline_and_delivers_later(
    start: Start, logbook: Logbook, is_async: bool
) -> None:
    gate, is_open = asyncio.Event(), threading.Event()

    @tool(name="slow", timeout=0.2)
    async def async_tool() -> str:
        """Take long."""
        await gate.wait()
        return "42"

    @tool(name="slow", timeout=0.2)
    def sync_tool() -> str:
        """Take long."""
        is_open.wait(5)
        return "42"

    slow = async_tool if is_async else sync_tool
    call = await (await start(agent_application(tools=[slow, ping]))).call()

    assert "still running" in (await call.tool_call("slow"))["result"]
    assert await call.tool_call("ping") == {"result": "pong"}
    await logbook.line("tool_call_late", tool="slow", call_sid=call.call_sid)
    gate.set()
    is_open.set()
    context, reply = await call.commands("agent:update", 2)
    assert "42" in context["data"]["messages"][0]["content"]
    assert reply["data"] == {"type": "generate_reply"}


async def test_a_tool_that_hangs_for_ever_is_given_up(start: Start, logbook: Logbook) -> None:
    @tool(timeout=0.1, late_limit=0.3)
    async def slow() -> str:
        """Take for ever."""
        await asyncio.Event().wait()
        return ""

    call = await (await start(agent_application(tools=[slow]))).call()
    await call.tool_call("slow")

    (context, _) = await call.commands("agent:update", 2)
    assert "no result will come" in context["data"]["messages"][0]["content"]
    await logbook.line("tool_call_given_up", tool="slow", call_sid=call.call_sid)


async def test_a_tool_call_that_a_handler_by_name_leaves_is_answered_at_its_deadline(
    start: Start, logbook: Logbook
) -> None:
    application: Application[Any, Any] = Application("/call")
    application.session_new(
        lambda session: Agent(
            **AGENT, tools=[{"name": "find", "description": "", "parameters": {}}], tool_hook="/t"
        )
    )
    application.on("/t", lambda session, data: None)
    call = await (await start(application, limits={"tool_hook_timeout": 0.2})).call()
    await call.send("agent:tool-call", {"tool_call_id": "t1", "name": "find"}, hook="/t")

    assert "Nothing answered" in (await call.output("t1"))["result"]


async def test_a_fault_of_our_own_closes_its_session_only_and_jambonz_may_come_back(
    start: Start, logbook: Logbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(session: Any, message: Any) -> None:
        raise ZeroDivisionError(f"while reading {CALLER}")

    server = await start(agent_application())
    call = await server.call()
    monkeypatch.setitem(inbound.RECEIVERS, Kind.VERB_STATUS, break_down)
    await call.send("verb:status", {"event": "starting"})

    assert await call.close_code() == WSCloseCode.INTERNAL_ERROR
    line = await logbook.line("session_beyond_repair", call_sid=call.call_sid)
    assert line["exception"][0]["exc_type"] == "ZeroDivisionError"
    assert call.call_sid not in server.calls
    again = await server.dial(call_sid=call.call_sid)
    assert (await again.open("session:reconnect"))["data"][0]["verb"] == "agent"
    await logbook.line("reconnect_without_state", call_sid=call.call_sid)
    assert await again.tool_call("ping") == {"result": "pong"}


async def test_what_an_author_logs_carries_the_ids_of_the_call(
    start: Start, logbook: Logbook
) -> None:
    application: Application[Any, Any] = Application("/call")

    @application.session_new
    def answer(session: Session) -> Any:
        structlog.get_logger().warning("from a handler")
        logging.getLogger("author").warning("from a library")
        return Agent(**AGENT, tools=[look_up])

    @tool
    async def look_up() -> str:
        """Look up."""
        structlog.get_logger().warning("from a tool")
        return ""

    server = await start(application)
    call = await server.call()
    await call.tool_call("look_up")
    await call.lose()
    again = await server.dial(call_sid=call.call_sid)
    await again.open("session:reconnect")
    await again.tool_call("look_up")

    await logbook.line("from a handler", call_sid=call.call_sid)
    await logbook.line("library", call_sid=call.call_sid, message="from a library")
    assert len(logbook.about("from a tool", call_sid=call.call_sid)) == 2


async def settled(server: Server, call: Jambonz) -> None:
    """Wait until nothing runs for this call."""
    tasks = server.session(call)._tasks
    async with asyncio.timeout(5):
        while tasks:
            await asyncio.wait(set(tasks))


async def test_a_tool_that_fails_again_is_told_each_time_with_one_traceback(
    start: Start, logbook: Logbook
) -> None:
    @tool
    async def fail() -> None:
        """Fail."""
        raise ZeroDivisionError("broken")

    server = await start(agent_application(tools=[fail]))
    call = await server.call()
    for _ in range(3):
        assert "error" in await call.tool_call("fail")

    lines = logbook.about("handler_failed", name="fail")
    assert [("exception" in line, line.get("again", False)) for line in lines] == [
        (True, False),
        (False, True),
        (False, True),
    ]
    assert {line["level"] for line in lines} == {"error"}
    assert lines[1]["error_type"] == "ZeroDivisionError"
