"""Waiting for what whoever talks does: that it has begun, that it has spoken."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from app.agent import RenderedAgent, TurnOver

if TYPE_CHECKING:
    from app.session.live import LiveCall

HowSpoken = Literal["spoken", "interrupted", "unknown", "gone"]
Event = Mapping[str, Any]

LETTERS_PER_SECOND = 12.0
"""How fast slow voices speak, where nothing tells when the words have been heard."""


@dataclass(frozen=True, slots=True, eq=False)
class Waiter:
    """Somebody who waits for an event.

    Attributes:
        read: What they want of an event; None: it is another one.
        found: Where that goes; None: whoever talks has stopped.
    """

    read: Callable[[Event], Any]
    found: "asyncio.Future[Any]"

    def tell(self, event: Event | None) -> bool:
        """Look at an event; whether it was the one, or there will be none."""
        value = None if event is None else self.read(event)
        if value is None and event is not None:
            return False
        if not self.found.done():
            self.found.set_result(value)
        return True


async def wait_for(session: "LiveCall[Any, Any]", read: Callable[[Event], Any]) -> Any:
    """Wait until ``read`` finds something in an event; None if whoever talks stops before."""
    waiting, waiter = session._agents.waiting, Waiter(read, session._loop.create_future())
    waiting.append(waiter)
    try:
        return await waiter.found
    finally:
        if waiter in waiting:
            waiting.remove(waiter)


async def until_running(session: "LiveCall[Any, Any]", within: float) -> bool:
    """Wait until whoever is to talk has begun: until then jambonz drops what is meant for it."""
    try:
        async with asyncio.timeout(within):
            while not await wait_for(session, lambda _: True):
                pass  # what has stopped was there before
    except TimeoutError:
        return False
    return session.agent is not None


async def until_spoken(session: "LiveCall[Any, Any]", within: float) -> HowSpoken:
    """Wait until the present turn of the one who talks is over."""
    agent, loop = session.agent, session._loop
    if agent is None:
        return "gone"
    began = loop.time()
    try:
        async with asyncio.timeout(within):
            over: TurnOver | None = await wait_for(session, agent.dialect.turn_over)
            if over is None:
                return "gone"
            if over.is_interrupted:
                return "interrupted"
            until = began + len(over.unheard) / LETTERS_PER_SECOND
            return await until_heard(session, agent, until) if over.unheard else "spoken"
    except TimeoutError:
        return "unknown"


async def until_heard(
    session: "LiveCall[Any, Any]", agent: RenderedAgent, until: float
) -> HowSpoken:
    """Wait until words have been heard that came faster than they are spoken."""
    try:
        async with asyncio.timeout_at(until):
            heard: TurnOver | None = await wait_for(session, agent.dialect.heard)
    except TimeoutError:
        return "spoken"  # nothing told, and by now they must have been
    if heard is None:
        return "gone"
    return "interrupted" if heard.is_interrupted else "spoken"


async def guarded(session: "LiveCall[Any, Any]", work: Coroutine[Any, Any, object]) -> None:
    """Run something that nobody waits for; the log says where it fails."""
    try:
        await work
    except Exception as error:
        session._failed("background", None, error)
    finally:
        session._changed()
