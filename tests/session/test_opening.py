"""How a call is answered: in time, once, and whatever its handler does."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from app import (
    Agent,
    Application,
    EnvVars,
    GatherEnded,
    Session,
    Verb,
    action_hook,
    gather,
    hangup,
    say,
)
from tests.session.conftest import Line

Dial = Callable[[Application[Any, Any]], Line]
APOLOGY = [
    {"verb": "say", "text": "We are sorry, something went wrong. Please call again later."},
    {"verb": "hangup"},
]
AGENT: dict[str, Any] = {
    "llm": "openai:gpt-4.1-mini",
    "stt": "deepgram:nova-3-general",
    "tts": "cartesia:x",
}


async def test_verbs_that_a_handler_returns_are_the_ack(call: Dial) -> None:
    hello = Application("/hello")

    @hello.session_new
    async def answer(session: Session) -> list[Verb]:
        return [say(f"Hello {session.from_}"), hangup()]

    assert (await call(hello).open())["data"] == [
        {"verb": "say", "text": "Hello +15085551212"},
        {"verb": "hangup"},
    ]


async def test_a_sync_handler_runs_in_a_thread_and_answers_too(call: Dial) -> None:
    hello = Application("/hello")

    @hello.session_new
    def answer(session: Session) -> Verb:
        return say("from a thread")

    assert (await call(hello).open())["data"] == [{"verb": "say", "text": "from a thread"}]


async def test_a_handler_that_fails_is_an_apology_and_the_socket_stays(call: Dial) -> None:
    hello = Application("/hello")

    @hello.session_new
    async def answer(session: Session) -> Verb:
        raise RuntimeError("database is down")

    line = call(hello)
    assert (await line.open())["data"] == APOLOGY
    assert line.socket.closed_with is None


@pytest.mark.parametrize("nothing", [None, []])
async def test_a_handler_that_returns_nothing_hangs_up(call: Dial, nothing: Any) -> None:
    hello = Application("/hello")

    @hello.session_new
    async def answer(session: Session) -> Any:
        return nothing

    assert (await call(hello).open())["data"] == [{"verb": "hangup"}]


async def test_a_handler_that_takes_too_long_keeps_the_call_and_its_verbs_follow(
    call: Dial,
) -> None:
    hello, gate = Application("/hello"), asyncio.Event()

    @hello.session_new
    async def answer(session: Session) -> Verb:
        await gate.wait()
        return say("at last")

    line = call(hello)
    assert (await line.open())["data"] == [{"verb": "pause", "length": 1}]
    gate.set()
    assert await line.command("redirect") == [[{"verb": "say", "text": "at last"}]]


async def test_a_hook_that_takes_too_long_is_acked_empty_and_its_verbs_follow(call: Dial) -> None:
    gate = asyncio.Event()

    @action_hook(name="slow")
    async def slow(heard: GatherEnded) -> list[Verb]:
        await gate.wait()
        return [say("done")]

    line = call(application_with(gather(action_hook=slow)))
    await line.open()
    assert "data" not in await line.hook("/slow", reason="timeout")
    gate.set()
    assert await line.command("redirect") == [[{"verb": "say", "text": "done"}]]


async def test_two_hooks_in_flight_each_get_their_own_answer(call: Dial) -> None:
    gates = {"a": asyncio.Event(), "b": asyncio.Event()}
    menu = application_with(say("hi"))

    @menu.on("/a")
    async def a(session: Session, data: dict[str, Any]) -> Verb:
        await gates["a"].wait()
        return say("a")

    @menu.on("/b")
    async def b(session: Session, data: dict[str, Any]) -> Verb:
        await gates["b"].wait()
        return say("b")

    line = call(menu)
    await line.open()
    first = line.send("verb:hook", {"reason": "x"}, hook="/a")
    second = line.send("verb:hook", {"reason": "x"}, hook="/b")
    gates["b"].set()
    assert (await line.ack(second))["data"] == [{"verb": "say", "text": "b"}]
    gates["a"].set()
    assert (await line.ack(first))["data"] == [{"verb": "say", "text": "a"}]


async def test_a_hook_that_nothing_answers_is_acked_at_once(call: Dial) -> None:
    line = call(application_with(say("hi")))
    await line.open()

    assert "data" not in await line.hook("/nobody", reason="timeout")


async def test_a_verb_with_a_hook_that_nothing_answers_is_an_error_when_it_is_returned(
    call: Dial,
) -> None:
    line = call(application_with(gather(action_hook="/menu-done")))

    assert (await line.open())["data"] == APOLOGY


async def test_env_vars_arrive_typed_and_a_wrong_one_falls_back_to_its_default(call: Dial) -> None:
    class Env(EnvVars):
        GREETING: str = "Hello"
        TRIES: int = 3

    hello = Application("/hello", env=Env)

    @hello.session_new
    async def answer(session: Session[Any, Env]) -> Verb:
        return say(f"{session.env.GREETING} {session.env.TRIES}")

    opened = await call(hello).open(env_vars={"GREETING": "Hi", "TRIES": "many"})
    assert opened["data"][0]["text"] == "Hi 3"


async def test_each_call_has_a_state_of_its_own(call: Dial) -> None:
    @dataclass
    class State:
        count: int = 0

    hello = Application("/hello", state=State)

    @hello.session_new
    async def answer(session: Session[State]) -> Verb:
        session.state.count += 1
        return say(str(session.state.count))

    assert (await call(hello).open())["data"][0]["text"] == "1"
    assert (await call(hello).open())["data"][0]["text"] == "1"


async def test_a_prompt_that_does_not_fit_is_sent_in_parts_and_greets_last(call: Dial) -> None:
    prompt = " ".join(f"Rule {number} of the house." for number in range(5000))
    line = call(application_with(Agent(**AGENT, instructions=prompt)))
    verb = (await line.open())["data"][0]
    updates = line.commands("agent:update")
    await line.socket.until(lambda _: {"type": "generate_reply"} in line.commands("agent:update"))
    assert updates == [], "jambonz drops updates before the agent runs"
    parts = [
        one["messages"][0]["content"]
        for one in line.commands("agent:update")
        if one["type"] == "inject_context"
    ]

    assert len(prompt) > 100_000
    assert verb["greeting"] is False
    assert line.commands("agent:update")[-1] == {"type": "generate_reply"}
    joined = "".join([verb["llm"]["llmOptions"]["systemPrompt"], *parts])
    assert "Rule 0 of" in joined
    assert "Rule 4999 of" in joined
    receipt = await line.session.update_instructions("You are terse.")
    assert "Disregard" in receipt.sent[0]["data"]["instructions"]
    assert "too large for one frame" in receipt.warnings[0]


async def test_a_second_session_new_is_acked_and_changes_nothing(call: Dial) -> None:
    line = call(application_with(say("hi")))
    await line.open()

    assert "data" not in await line.open()


async def test_templates_are_filled_before_the_first_turn(call: Dial) -> None:
    agent = Agent(**AGENT, instructions="Caller {{from}}, tier {{customerData.tier}}.")
    opened = await call(application_with(agent)).open(customerData={"tier": "gold"})

    prompt = opened["data"][0]["llm"]["llmOptions"]["systemPrompt"]
    assert prompt == "Caller +15085551212, tier gold."


def application_with(reply: Any) -> Application[Any, Any]:
    made: Application[Any, Any] = Application("/made")

    @made.session_new
    async def answer(session: Session) -> Any:
        return reply

    return made


@dataclass
class Visits:
    count: int = 0


class Desk(EnvVars):
    GREETING: str = "Hello"


async def note_visit(session: Session[Visits]) -> None:
    session.state.count += 1


async def caller_of(session: Session) -> str:
    return session.from_


async def test_a_function_that_needs_no_env_takes_the_session_of_any_env(call: Dial) -> None:
    desk = Application("/desk", state=Visits, env=Desk)

    @desk.session_new
    async def answer(session: Session[Visits, Desk]) -> Verb:
        await note_visit(session)  # the types are what is tested: mypy reads this file too
        return say(f"{session.env.GREETING} {await caller_of(session)}, {session.state.count}")

    assert (await call(desk).open())["data"] == [{"verb": "say", "text": "Hello +15085551212, 1"}]
