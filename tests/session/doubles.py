"""Doubles for the tests of sessions: a keeper, and a list of what has run."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import orjson

from app import Session


@dataclass
class FakeKeeper:
    """A keeper that keeps in memory what a call's tools have to keep.

    Attributes:
        durable: What would be found after a crash now.
        is_away: Whether nothing can be kept.
        gate: Closed: it takes its time.
        log: What happened, in order.
    """

    durable: Any = None
    is_away: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()

    def changed(self, session: Session, *, soon: bool = False) -> None:
        self.log.append("changed soon" if soon else "changed")

    async def settled(self, session: Session) -> bool:
        await self.gate.wait()
        if self.is_away:
            return False
        self.durable = orjson.loads(orjson.dumps(session._tool_calls.capture()))
        self.log.append("durable")
        return True

    async def take_over(self, session: Session) -> bytes | None:
        return None

    async def hand_over(self, session: Session, *, grace: float) -> None:
        await session._tool_calls.finish(grace)

    def over(self, session: Session) -> None:
        pass

    def is_certain(self, now: float) -> bool:
        return True

    def doubts(self, since: float) -> bool:
        return False


class Runs(list[Any]):
    """What tools have been called with."""

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()

    def append(self, one: Any) -> None:
        super().append(one)
        self._news.set()

    async def begun(self) -> None:
        """Until one has been called."""
        await asyncio.wait_for(self._news.wait(), 5)
