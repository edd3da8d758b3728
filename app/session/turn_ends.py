"""Waiting until whoever talks has spoken: before a call ends or goes elsewhere."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Literal

from app.agent import TurnOver

if TYPE_CHECKING:
    from app.session.live import LiveCall

HowSpoken = Literal["spoken", "interrupted", "unknown", "gone"]

LETTERS_PER_SECOND = 15.0
"""How fast voices speak, where nothing tells when the words have been heard."""


async def until_spoken(session: "LiveCall[Any, Any]", within: float) -> HowSpoken:
    """Wait until the present turn of the one who talks is over."""
    agents, loop = session._agents, session._loop
    if agents.current is None:
        return "gone"
    waiting: asyncio.Future[TurnOver | None] = loop.create_future()
    agents.waiting.append(waiting)
    began = loop.time()
    try:
        async with asyncio.timeout(within):
            over = await waiting
            if over is None:
                return "gone"
            if over.is_interrupted:
                return "interrupted"
            await asyncio.sleep(len(over.unheard) / LETTERS_PER_SECOND - (loop.time() - began))
    except TimeoutError:
        return "unknown"
    finally:
        if waiting in agents.waiting:
            agents.waiting.remove(waiting)
    return "spoken"


def tell_turn(session: "LiveCall[Any, Any]", event: Mapping[str, Any]) -> None:
    """An event has come, and somebody waits: it may be the end of a turn."""
    agents = session._agents
    over = agents.current.dialect.turn_over(event) if agents.current else None
    if over is not None:
        agents.tell(over)


async def guarded(session: "LiveCall[Any, Any]", work: Coroutine[Any, Any, object]) -> None:
    """Run something that nobody waits for; the log says where it fails."""
    try:
        await work
    except Exception as error:
        session._failed("background", None, error)
