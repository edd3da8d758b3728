"""What must arrive arrives: over lost sockets, over odd handlers, and never when it is too late."""

import asyncio
import functools
from collections.abc import Callable
from typing import Any

import pytest

from app import Agent, Application, EnvVars, LocalError, Session, Verb, gather, raw, say, tool
from app.calls import Calls
from app.protocol import CallStatus
from app.session import Limits, Runtime
from tests.session.conftest import CALL, CALL_SID, Line
from tests.session.test_opening import AGENT, application_with

Dial = Callable[[Application[Any, Any]], Line]
LONG = "word " * 8000


def answering(function: Any) -> Application[Any, Any]:
    application = Application("/made")
    application.session_new(function)
    return application


# what is owed after a lost socket


async def test_an_output_is_owed_until_jambonz_is_heard_however_often_it_is_lost(
    call: Dial,
) -> None:
    gate = asyncio.Event()

    @tool
    async def wait() -> int:
        """Wait for a gate."""
        await gate.wait()
        return 1

    line = call(application_with(Agent(**AGENT, instructions="x", tools=[wait])))
    await line.open()
    line.send("agent:tool-call", {"tool_call_id": "k", "name": "wait"}, hook="/tools")
    line.lose()
    gate.set()
    await line.settled()
    await line.come_back()
    assert line.outputs("k") == [{"result": 1}]
    line.lose()
    await line.come_back()
    assert line.outputs("k") == [{"result": 1}], "the second socket died before a word came"
    line.event("turn_end")
    line.lose()
    await line.come_back()

    assert line.outputs("k") == []


async def test_an_update_that_may_be_lost_with_its_socket_is_sent_again(call: Dial) -> None:
    line = call(application_with(Agent(**AGENT, instructions="x")))
    await line.open()
    line.event("turn_end")
    await line.session.update_instructions("Be brief.")
    line.lose()
    await line.come_back()

    assert [one["instructions"] for one in line.commands("agent:update")] == ["Be brief."]


# the rest of a prompt


async def test_the_rest_of_a_prompt_waits_for_the_agent_also_when_the_call_was_outbound(
    call: Dial,
) -> None:
    line = call(application_with(Agent(**AGENT, instructions=LONG)))
    await line.open(direction="outbound", call_status="in-progress")
    line.session.sweep(0.0)
    assert not line.commands("agent:update"), "the status says nothing about the agent"
    line.event("user_interruption")

    assert len(await line.command("agent:update", 2)) == 2


async def test_an_update_that_comes_before_the_agent_runs_keeps_its_place(call: Dial) -> None:
    line = call(application_with(Agent(**AGENT, instructions=LONG)))
    await line.open()
    receipt = await line.session.inject_context("Gold tier.")
    assert receipt.queued
    assert not line.commands("agent:update")
    line.event("user_interruption")
    kinds = [one["type"] for one in await line.command("agent:update", 3)]

    assert kinds == ["inject_context", "generate_reply", "inject_context"]


async def test_behind_other_verbs_only_the_agent_itself_releases_the_rest(call: Dial) -> None:
    line = call(
        application_with([say("This call is recorded."), Agent(**AGENT, instructions=LONG)])
    )
    await line.open()
    line.send("call:status", {**CALL, "call_status": "in-progress"})
    line.send("verb:status", {"event": "starting", "name": "say"})
    assert not line.commands("agent:update")
    line.send("verb:status", {"event": "starting", "name": "agent"})

    assert await line.command("agent:update", 2)


async def test_a_prompt_that_waits_is_neither_lost_nor_doubled_by_a_lost_socket(
    call: Dial,
) -> None:
    line = call(application_with(Agent(**AGENT, instructions=LONG)))
    first = (await line.open())["data"][0]["llm"]["llmOptions"]["systemPrompt"]
    line.lose()
    await line.come_back()
    line.event("user_interruption")
    updates = await line.command("agent:update", 2)

    assert first + updates[0]["messages"][0]["content"] == LONG
    assert [one["type"] for one in updates] == ["inject_context", "generate_reply"]


async def test_other_verbs_drop_the_rest_of_the_prompt_that_they_replace(call: Dial) -> None:
    line = call(application_with(Agent(**AGENT, instructions=LONG)))
    await line.open()
    await line.session.redirect(Agent(**AGENT, instructions="Short."))
    await line.session.update_instructions("Be brief.")
    line.event("user_interruption")

    assert [one.get("instructions") for one in line.commands("agent:update")] == ["Be brief."]


# acks


async def test_a_repeated_tool_call_in_a_new_message_is_acked_and_not_run(call: Dial) -> None:
    runs = []

    @tool
    async def note() -> int:
        """Note."""
        runs.append(1)
        return 1

    line = call(application_with(Agent(**AGENT, instructions="x", tools=[note])))
    await line.open()
    data = {"tool_call_id": "k", "name": "note"}
    for _ in range(2):
        await line.ack(line.send("verb:hook", data, hook="/tools"))
    await line.settled()

    assert (len(runs), len(line.outputs("k"))) == (1, 1)


@pytest.mark.parametrize("verb", [say("half a letter: \ud83d"), raw("odd", value={1, 2})])
async def test_verbs_that_json_cannot_hold_are_an_apology(call: Dial, verb: Verb) -> None:
    ack = await call(application_with(verb)).open()

    assert [one["verb"] for one in ack["data"]] == ["say", "hangup"]


async def test_a_plain_wrapper_around_an_async_handler_is_awaited(call: Dial) -> None:
    async def answer(session: Session) -> Verb:
        return say("hello")

    @functools.wraps(answer)
    def wrapped(session: Session) -> Any:
        return answer(session)

    def hidden(session: Session) -> Any:
        return answer(session)

    for function in (wrapped, hidden):
        ack = await call(answering(function)).open()
        assert ack["data"] == [{"verb": "say", "text": "hello"}]


async def test_a_handler_or_tool_that_dies_of_something_strange_is_answered_for(
    call: Dial,
) -> None:
    class Strange(BaseException):
        pass

    @tool
    async def die() -> None:
        """Die."""
        raise Strange

    async def answer(session: Session) -> Verb:
        raise Strange

    assert [one["verb"] for one in (await call(answering(answer)).open())["data"]] == [
        "say", "hangup",
    ]  # fmt: skip
    line = call(application_with(Agent(**AGENT, instructions="x", tools=[die])))
    await line.open()
    assert "error" in await line.tool_call("die")


async def test_a_message_whose_task_is_gone_is_acked_at_its_deadline(call: Dial) -> None:
    async def answer(session: Session) -> Verb:
        await asyncio.Event().wait()
        return say("never")

    line = call(answering(answer))
    msgid = line.send("session:new", CALL)
    (task,) = line.session._tasks
    task.cancel()

    assert (await line.ack(msgid))["data"] == [{"verb": "pause", "length": 1}]


async def test_a_redirect_whose_handler_fails_is_an_apology_and_no_silence(call: Dial) -> None:
    application = application_with(say("hello"))

    @application.session_redirect
    async def fail(session: Session) -> None:
        raise RuntimeError("no")

    line = call(application)
    await line.open()
    ack = await line.ack(line.send("session:redirect", CALL, hook="/elsewhere"))

    assert [one["verb"] for one in ack["data"]] == ["say", "hangup"]


async def test_a_hook_over_ws_comes_over_this_socket_so_it_needs_an_answer(call: Dial) -> None:
    url = "wss://example.com/done"
    ack = await call(application_with(gather(input=["digits"], action_hook=url))).open()
    assert ack["data"][0]["verb"] == "say", "the apology"
    application = application_with(gather(input=["digits"], action_hook=url))

    @application.on(url)
    async def done(session: Session, data: dict[str, Any]) -> Verb:
        return say("thanks")

    line = call(application)
    await line.open()
    assert (await line.hook(url, digits="1"))["data"] == [{"verb": "say", "text": "thanks"}]


# before the beginning and after the end


async def test_an_early_status_finds_env_vars_and_a_clear_refusal(call: Dial) -> None:
    class Env(EnvVars):
        VOICE: str = "cartesia:sonic"

    application = Application("/made", env=Env)
    seen: list[str] = []

    @application.session_new
    async def answer(session: Session[Any, Env]) -> Verb:
        return say(session.env.VOICE)

    @application.call_status
    async def follow(session: Session[Any, Env], status: CallStatus) -> None:
        seen.append(session.env.VOICE)
        with pytest.raises(LocalError, match="before the first message"):
            await session.hangup()

    line = call(application)
    line.send("call:status", {"call_sid": CALL_SID, "call_status": "trying"})
    await line.settled()
    ack = await line.open(env_vars={"VOICE": "other"})

    assert seen == ["cartesia:sonic"]
    assert ack["data"][0]["text"] == "other"


async def test_nothing_but_acks_is_sent_once_jambonz_says_that_the_call_is_over(
    call: Dial,
) -> None:
    gate = asyncio.Event()

    @tool
    async def wait() -> int:
        """Wait for a gate."""
        await gate.wait()
        return 1

    line = call(application_with(Agent(**AGENT, instructions="x", tools=[wait])))
    await line.open()
    line.send("agent:tool-call", {"tool_call_id": "k", "name": "wait"}, hook="/tools")
    line.send("call:status", {**CALL, "call_status": "completed"})
    sent = len(line.socket.frames)
    gate.set()
    await line.settled()

    assert len(line.socket.frames) == sent


async def test_a_handler_that_is_late_for_a_call_that_is_over_sends_no_redirect(
    call: Dial,
) -> None:
    gate = asyncio.Event()

    async def answer(session: Session) -> Verb:
        await gate.wait()
        return say("hello")

    line = call(answering(answer))
    await line.open()  # the safe answer
    line.send("call:status", {**CALL, "call_status": "completed"})
    gate.set()
    await line.settled()

    assert not line.commands("redirect")


# the deadlines of all calls


async def test_a_mistake_of_ours_in_one_call_leaves_the_deadlines_of_the_others(
    call: Dial, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(session: Session) -> Verb:
        await asyncio.Event().wait()
        return say("never")

    broken, other = call(answering(answer)), call(answering(answer))
    broken.send("session:new", {**CALL, "call_sid": "broken"}, call_sid="broken")

    def fail(now: float) -> None:
        raise RuntimeError("our mistake")

    monkeypatch.setattr(broken.session, "sweep", fail)

    assert (await other.open())["data"] == [{"verb": "pause", "length": 1}]
    assert broken.socket.closed_with == 1011


async def test_a_small_frame_limit_still_leaves_every_tool_call_an_output() -> None:
    @tool
    async def talk() -> str:
        """Talk at length."""
        return "x" * 3500

    calls = Calls(Runtime(limits=Limits(max_frame=2048)))
    agent = Agent(**AGENT, instructions="x", tools=[talk])
    line = Line(application_with(agent), calls)
    await line.open()

    assert "error" in await line.tool_call("talk")
    calls.end_all("test over")
