"""Recorder: collects what happens in the calls of a node, and has it written.

What a call costs for its record while it runs is one append for each entry: the feed keeps
references. All else is done later, by one task: for a call that is over soon after its end, for one
that goes on every minute.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from app.counters import Counters
from app.feed import Feed, Item
from app.records.pieces import piece_of
from app.records.usage import Prices
from app.records.writer import Writer
from app.store import Store

if TYPE_CHECKING:
    from app.session.live import LiveCall

    Call = LiveCall[Any, Any]

__all__ = ["Recorder"]

TICK: Final = 0.1
LOOK_SECONDS: Final = 1.0
PIECE_SECONDS: Final = 60.0
PIECE_ITEMS: Final = 512


@dataclass(slots=True, eq=False)
class Recording:
    """A call that is being recorded.

    Attributes:
        items: What happened since the last piece; the feed adds to it.
        written: When the last piece was made, in monotonic seconds.
        is_new: Whether there was no piece yet.
    """

    session: "Call"
    items: list[Item]
    written: float
    is_new: bool = True

    def is_due(self, moment: float, *, is_away: bool) -> bool:
        """Whether it is time for a piece; while the store is away only if it becomes large."""
        if len(self.items) >= PIECE_ITEMS:
            return True
        return not is_away and moment - self.written >= PIECE_SECONDS


class Recorder:
    """Writes down the calls of one node; what sessions know as their ``Recorder``.

    Args:
        store: Where records go.
        feed: Where calls tell what happens in them.
        counters: What is lost is counted.
        prices: Of models.
        most: Bytes that may wait for the store; beyond them the newest is lost.
    """

    def __init__(
        self,
        store: Store,
        feed: Feed,
        counters: Counters,
        prices: Prices,
        *,
        most: int = 64 * 1024 * 1024,
    ) -> None:
        self._feed = feed
        self.writer = Writer(store, counters, prices, most=most)
        self._open: dict[str, Recording] = {}
        self._new: list[Recording] = []
        self._looked = time.monotonic()
        self._urgent = asyncio.Event()

    def call_started(self, session: "Call", *, is_resumed: bool = False) -> list[Item]:
        """A call began, or came from another process: from now on the feed keeps all of it."""
        items = self._feed.keep(session.key)
        recording = Recording(session, items, time.monotonic(), is_new=not is_resumed)
        self._open[session.key] = recording
        self._new.append(recording)
        return items

    def call_moved(self, session: "Call") -> None:
        """A call goes on in another process: what is left of it here is written soon."""
        self._leave(session, None)

    def call_ended(self, session: "Call", reason: str) -> None:
        """A call is over: what is left of it is written soon."""
        self._leave(session, reason)

    def _leave(self, session: "Call", reason: str | None) -> None:
        recording = self._open.get(session.key)
        if recording is None or recording.session is not session:
            return
        del self._open[session.key]
        self._feed.let_go(session.key)
        self._hand_over(recording, reason)

    def _hand_over(self, recording: Recording, end_reason: str | None = None) -> None:
        session, items = recording.session, recording.items[:]
        recording.items.clear()
        recording.written = time.monotonic()
        try:
            self.writer.put(piece_of(session, items, end_reason, is_first=recording.is_new))
        except Exception as error:
            self.writer.refuse(session.call_sid, error)
        recording.is_new = False

    async def keep(self) -> None:
        """Write until cancelled; one task for each node."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK):
                    await self._urgent.wait()
            self._urgent.clear()
            self._look()
            await self.writer.write()

    def _look(self) -> None:
        """Make pieces of calls that have just begun, and of those that are due."""
        new, self._new = self._new, []
        for recording in new:
            if self._open.get(recording.session.key) is recording:
                self._hand_over(recording)
        moment = time.monotonic()
        if moment - self._looked < LOOK_SECONDS:
            return
        self._looked = moment
        for recording in self._open.values():
            if recording.is_due(moment, is_away=self.writer.is_away):
                self._hand_over(recording)

    async def settle(self, key: str, *, patience: float = 1.0) -> bool:
        """Have all that is known of a call written, before somebody reads its record.

        Args:
            key: What the node keeps the call by.
            patience: Seconds to wait at most.

        Returns:
            False where the store takes longer than that.
        """
        recording = self._open.get(key)
        if recording is not None and recording.items:
            self._hand_over(recording)
        self._urgent.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self.writer.settled()
                return True
        return False

    async def forget(self, organisation_id: str, number: str) -> None:
        """Record no more of the calls that a number takes part in, and nothing of what waits."""
        for key, recording in [*self._open.items()]:
            session = recording.session
            if session.organisation_id == organisation_id and number in (session.from_, session.to):
                del self._open[key]
                self._feed.let_go(key)
                session._kept = None
        self.writer.forget(organisation_id, number)
        await self.settle("")

    async def close(self, *, patience: float = 1.0) -> None:
        """Write what is left, once the calls of the node have ended."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self.writer.write()
        self.writer.give_up()
