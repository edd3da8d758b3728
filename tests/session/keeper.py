"""A keeper that keeps the checkpoints of several runtimes in one dict."""

import asyncio
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Shelf:
    """Where the checkpoints of calls lie, by key."""

    kept: dict[str, bytes] = field(default_factory=dict)


@dataclass
class DictKeeper:
    """Writes each change at once, so that a test sees what a crash would leave."""

    shelf: Shelf
    is_away: bool = False
    soon: list[str] = field(default_factory=list)
    is_sure: bool = True
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def changed(self, session: Any, *, soon: bool = False) -> None:
        if not self.is_away:
            self.shelf.kept[session.key] = session.capture()
        if soon:
            self.soon.append(session.key)

    async def settled(self, session: Any) -> bool:
        self.changed(session)
        return not self.is_away

    async def take_over(self, session: Any) -> bytes | None:
        await self.gate.wait()
        return self.shelf.kept.get(session.key)

    async def hand_over(self, session: Any, *, grace: float) -> None:
        self.changed(session)
        session.moved()

    def over(self, session: Any) -> None:
        self.shelf.kept.pop(session.key, None)

    def is_certain(self, now: float) -> bool:
        return self.is_sure

    def doubts(self, since: float) -> bool:
        return True
