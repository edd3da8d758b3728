"""Writer: what has changed of the calls of a node on its way to the bus.

Nothing is made when a call changes: it is put into a set, and one task captures and writes all that
is in there, some ten times a second. What is urgent does not wait for that; what becomes so while
something is being written goes out with the next.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

import structlog

from app.bus import Bus, BusUnavailable, Entry, Written
from app.checkpoint.counting import Counting
from app.checkpoint.kept import MOST_CAPTURES, Batch, Call, Kept, Waiting, settle
from app.checkpoint.reach import Reach
from app.logs import Event

__all__ = ["Writer"]

PACE: Final = 0.08
"""Seconds between two looks at what has changed; with the writing it makes a tenth."""
SLICE: Final = 0.002
"""Seconds for which calls are captured before the others have their turn."""
MOST_OVER: Final = 100_000

log = structlog.get_logger("cordboard.checkpoint")


class Writer:
    """Checkpoints on their way.

    Args:
        bus: Where they go.
        node_id: Whose they are.
        live: The calls of this node by key.
        counting: What is written or lost is counted.
        reach: Whether the bus answers.

    Attributes:
        dirty: Calls that have changed since they were last captured.
        is_doubting: Whether this node was frozen, and others may have had its calls to their end.
    """

    def __init__(
        self,
        bus: Bus,
        node_id: str,
        live: Mapping[str, Call],
        counting: Counting,
        reach: Reach,
    ) -> None:
        self._bus = bus
        self._node_id = node_id
        self._live = live
        self._counting = counting
        self._reach = reach
        self._kept: dict[str, Kept] = {}
        self.is_doubting = False
        self.dirty: set[Call] = set()
        self._due: set[Call] = set()
        self._urgent: set[Call] = set()
        self._over: list[Kept] = []
        self._waiting: dict[Call, list[Waiting]] = {}
        self._urgency = asyncio.Event()
        reach.when_back.append(self._write_anew)

    # what calls say

    def urge(self, session: Call) -> None:
        """A call is to be written at once."""
        self._urgent.add(session)
        self._urgency.set()

    def wait(self, session: Call) -> Waiting:
        """Have a call written at once; the future tells whether it was."""
        waiting: Waiting = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(session, []).append(waiting)
        self.urge(session)
        return waiting

    def is_clean(self, session: Call) -> bool:
        """Whether nothing of a call is left to be written."""
        return not any(session in some for some in (self.dirty, self._due, self._urgent))

    def adopt(self, session: Call, epoch: int) -> None:
        """A call is this node's by this number."""
        self._kept[session.key] = Kept(session, epoch, is_told=True)

    def forget(self, session: Call) -> Kept | None:
        """Write no more of a call; what was kept of it."""
        for some in (self.dirty, self._due, self._urgent):
            some.discard(session)
        for waiting in self._waiting.pop(session, ()):
            settle(waiting, False)
        kept = self._kept.get(session.key)
        if kept is None or kept.session is not session:
            return None
        return self._kept.pop(session.key)

    def over(self, session: Call) -> None:
        """A call has ended: the bus is to forget it."""
        kept = self.forget(session)
        if kept is not None and len(self._over) < MOST_OVER:
            self._over.append(kept)

    # the task

    async def keep(self) -> None:
        """Write until cancelled; one task for each node."""
        looked = time.monotonic()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(looked + PACE - time.monotonic()):
                    await self._urgency.wait()
            self._urgency.clear()
            if time.monotonic() >= looked + PACE:
                looked = time.monotonic()
                self.take_all()
            try:
                await self.write()
            except BusUnavailable as error:
                self._reach.lost(error)
                await asyncio.sleep(self._reach.wait)
            except Exception:
                # Our own mistake; what was to be written is so again.
                log.exception(Event.CHECKPOINTS_FAILED)
                await asyncio.sleep(self._reach.wait)

    def _write_anew(self) -> None:
        """Write all calls, also those that do not change: it may have forgotten them meanwhile."""
        self._due.update(self._live.values())

    def take_all(self) -> None:
        """All that has changed is due."""
        self._due |= self.dirty
        self.dirty.clear()

    async def write(self) -> None:
        """Write all that is urgent or due; what cannot be written stays so.

        Raises:
            BusUnavailable: It was not written.
        """
        while self._urgent or self._due or self._over:
            batch = Batch()
            try:
                await self._fill(batch)
                await self._send(batch)
            finally:
                self._take_back(batch)
            await asyncio.sleep(0)  # the calls have their turn

    async def _fill(self, batch: Batch) -> None:
        """Capture what is urgent, then what is due, without keeping the calls from their turn."""
        until = time.perf_counter() + SLICE
        while (source := self._urgent or self._due) and batch.has_room:
            session = source.pop()
            self._due.discard(session)
            self.dirty.discard(session)
            self._capture(batch, session)
            if time.perf_counter() >= until:
                await asyncio.sleep(0)
                until = time.perf_counter() + SLICE
        self._add_over(batch)

    def _capture(self, batch: Batch, session: Call) -> None:
        waiting = self._waiting.pop(session, ())
        checkpoint = None
        if session.is_kept and self._live.get(session.key) is session:
            try:
                checkpoint = session.capture()
            except Exception as error:
                self._refuse(session.call_sid, error)
        if checkpoint is not None:
            batch.put(self._kept_of(session), checkpoint, waiting)
            return
        for one in waiting:
            settle(one, False)

    def _kept_of(self, session: Call) -> Kept:
        """What is kept of a call; one that was begun anew here goes on under its number."""
        kept = self._kept.get(session.key)
        if kept is None:
            kept = self._kept[session.key] = Kept(session)
        elif kept.session is not session:
            kept = self._kept[session.key] = Kept(session, kept.epoch, kept.is_told)
        return kept

    def _add_over(self, batch: Batch) -> None:
        """Add what has ended, unless it was begun anew here; all of it after the last capture."""
        over, self._over = self._over[:MOST_CAPTURES], self._over[MOST_CAPTURES:]
        for kept in over:
            if kept.key in self._live:
                continue
            batch.entries.pop(kept.key, None)
            if kept.is_told:
                batch.put(kept, None)

    async def _send(self, batch: Batch) -> None:
        began = time.perf_counter()
        for kept, _ in batch.entries.values():
            kept.is_told = True
        entries = [entry for _, entry in batch.entries.values()]
        written = await self._write(batch, entries) if entries else Written({}, frozenset())
        self._reach.answered()
        self._counting.written(len(entries), batch.size, time.perf_counter() - began)
        lost = set(written.lost)
        for key, epoch in written.epochs.items():
            if not self._own(*batch.entries[key], epoch):
                lost.add(key)
        for key in written.lost:
            self._lose(*batch.entries[key])
        batch.tell(lost)
        batch.entries.clear()

    async def _write(self, batch: Batch, entries: Sequence[Entry]) -> Written:
        """Write some; if one of them cannot be, for what it holds, the others are all the same."""
        try:
            return await self._bus.write(self._node_id, entries)
        except BusUnavailable:
            raise
        except Exception as error:
            if len(entries) == 1:
                batch.refused.add(entries[0].key)
                self._refuse(entries[0].call_sid, error)
                return Written({}, frozenset())
        parts = [await self._write(batch, [one]) for one in entries]
        epochs = {key: epoch for part in parts for key, epoch in part.epochs.items()}
        return Written(epochs, frozenset().union(*(part.lost for part in parts)))

    def _refuse(self, call_sid: str, error: Exception) -> None:
        """A checkpoint cannot be made or written: the call goes on, and could not elsewhere."""
        self._counting.lost()
        log.error(Event.CHECKPOINT_FAILED, call_sid=call_sid, error=type(error).__name__)

    def _lose(self, kept: Kept, entry: Entry) -> None:
        """Another node has the call, or had it to its end."""
        if entry.checkpoint is None or self.forget(kept.session) is not kept:
            return  # it has ended here, too
        self._counting.fenced()
        log.warning(Event.CALL_FENCED, call_sid=kept.session.call_sid)
        kept.session.moved()

    def _own(self, kept: Kept, entry: Entry, epoch: int) -> bool:
        """An ownership has begun; not so where it is a second one and we know not what was before.

        The bus may have forgotten all calls, as a Redis without a disk does: then they are owned
        anew. While this node was frozen it is more likely that another one had a call to its end.
        """
        kept.epoch = epoch
        is_ours = not (self.is_doubting and entry.epoch and entry.checkpoint is not None)
        if not is_ours:
            self._lose(kept, entry)
            self._over.append(kept)
        return is_ours

    def _take_back(self, batch: Batch) -> None:
        """What was not written, if anything, is due again."""
        for kept, entry in batch.entries.values():
            if entry.checkpoint is None:
                self._over.append(kept)
            else:
                self._due.add(kept.session)
        for _, one in batch.waiting:
            settle(one, False)
