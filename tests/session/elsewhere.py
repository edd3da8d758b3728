"""Processes, so to speak, that share nothing but a shelf of checkpoints; and what runs in them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

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
from app.application import Found
from tests.session.conftest import Line
from tests.session.keeper import DictKeeper
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


def an_agent(**options: Any) -> Agent:
    given = {"instructions": "Help.", "tools": [wait_for, ping], **options}
    return Agent(**AGENT, **given, event_hooks=[count], action_hook=goodbye)


def helper(answer: Any = None, told: list[str] | None = None, **options: Any) -> Application[Any]:
    """An application that answers with an agent, or something else.

    Args:
        answer: What calls are answered with; an agent without it.
        told: Hears which handlers ran.
        options: Of the application.
    """
    heard = told if told is not None else []
    application = Application("/help", **{"state": State, **options})
    given = an_agent() if answer is None else answer

    @application.session_new
    async def begin(session: Session[State]) -> Any:
        heard.append("session_new")
        return given

    @application.session_reconnect
    async def back(session: Session[State]) -> None:
        heard.append("session_reconnect")

    return application


def found(**tools: Any) -> Found:
    """As if a module held these tools."""
    return Found(tools=tools)


def keeper_of(line: Line) -> DictKeeper:
    keeper: Any = line.session._runtime.keeper
    assert isinstance(keeper, DictKeeper)
    return keeper


def crash(line: Line) -> None:
    """The process dies without a word: nothing that happens in it now is kept."""
    keeper_of(line).is_away = True


async def redial(line: Line, place: Place, **fields: Any) -> Line:
    """jambonz redials another process."""
    again = Line(line.application, place(), count=line.count + 1)
    await again.come_back()
    return again


async def crash_and_redial(line: Line, place: Place) -> Line:
    """Both."""
    crash(line)
    return await redial(line, place)
