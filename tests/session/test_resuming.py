"""A call that another process had goes on here."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from app import (
    Agent,
    AgentEnded,
    Application,
    Calls,
    Session,
    TurnEnd,
    Verb,
    action_hook,
    event_hook,
    hangup,
    say,
    tool,
)
from app.session import Limits, Runtime
from tests.session.conftest import Line
from tests.session.keeper import DictKeeper, Shelf
from tests.session.test_opening import AGENT

Place = Callable[[], Calls]


@dataclass
class State:
    turns: int = 0
    names: set[str] = field(default_factory=set)


GATES: dict[str, asyncio.Event] = {}


@tool
async def wait_for(gate: str) -> str:
    """Wait."""
    await GATES[gate].wait()
    return f"{gate} is open"


@tool
async def ping() -> str:
    """Ping."""
    return "pong"


@event_hook
async def count(session: Session[State], turn: TurnEnd) -> None:
    session.state.turns += 1
    session.state.names.add(f"turn {session.state.turns}")


@action_hook
async def goodbye(session: Session[State], ended: AgentEnded) -> list[Verb]:
    return [say(f"Goodbye after {session.state.turns}."), hangup()]


def helper(told: list[str] | None = None) -> Application[Any, Any]:
    """An application that greets with an agent; ``told`` hears how often."""
    application = Application("/help", state=State)

    @application.session_new
    async def answer(session: Session[State]) -> Agent:
        if told is not None:
            told.append("session_new")
        return Agent(
            **AGENT,
            instructions="Help.",
            tools=[wait_for, ping],
            event_hooks=[count],
            action_hook=goodbye,
        )

    @application.session_reconnect
    async def back(session: Session[State]) -> None:
        if told is not None:
            told.append("session_reconnect")

    return application


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    """Makes processes, so to speak, that share nothing but a shelf of checkpoints."""
    shelf = Shelf()
    opened: list[tuple[Calls, asyncio.Task[None]]] = []

    def open_one() -> Calls:
        limits = Limits(ack_deadline=0.2, linger=0.3, hook_timeout=0.2, tool_hook_timeout=0.2)
        calls = Calls(Runtime(limits=limits, keeper=DictKeeper(shelf)))
        opened.append((calls, asyncio.create_task(calls.sweep_forever())))
        return calls

    yield open_one
    for calls, sweeper in opened:
        sweeper.cancel()
        calls.end_all("test over")
    await asyncio.gather(*(sweeper for _, sweeper in opened), return_exceptions=True)


def keeper_of(line: Line) -> DictKeeper:
    keeper: Any = line.session._runtime.keeper
    assert isinstance(keeper, DictKeeper)
    return keeper


async def crash_and_come_back(line: Line, place: Place) -> Line:
    """The process dies without a word; jambonz redials another one."""
    keeper_of(line).is_away = True
    again = Line(line.application, place(), count=line.count + 1)
    await again.come_back()
    return again


async def test_the_state_and_the_agent_are_as_they_were(place: Place) -> None:
    told: list[str] = []
    line = Line(helper(told), place())
    await line.open()
    line.event("turn_end", interrupted=True)
    await line.session.update_instructions("Now billing.")

    again = await crash_and_come_back(line, place)

    assert again.session.state == State(1, {"turn 1"})
    assert again.session.agent is not None
    assert again.session.agent.instructions == "Now billing."
    assert [*again.session._agents.tools] == ["wait_for", "ping"]
    assert again.session._agents.tools["ping"] is ping
    assert told == ["session_new", "session_reconnect"]
    assert again.session.snapshot()["turns"] == 1
    assert (await again.hook(goodbye.label, completion_reason="done"))["data"] == [
        {"verb": "say", "text": "Goodbye after 1."},
        {"verb": "hangup"},
    ]


async def test_nobody_is_greeted_twice(place: Place) -> None:
    told: list[str] = []
    line = Line(helper(told), place())
    await line.open()
    line.event("llm_response", response="Hello")

    again = await crash_and_come_back(line, place)

    assert [one for one in again.socket.frames if one.get("data")] == []
    assert told == ["session_new", "session_reconnect"]


async def test_a_tool_that_ran_runs_again(place: Place) -> None:
    GATES["a"] = asyncio.Event()
    line = Line(helper(), place())
    await line.open()
    data = {"tool_call_id": "t1", "name": "wait_for", "arguments": {"gate": "a"}}
    line.send("agent:tool-call", data, hook="/tools")

    again = await crash_and_come_back(line, place)
    GATES["a"].set()

    assert await again.output("t1") == {"result": "a is open"}
