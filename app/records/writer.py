"""Writer: the queue in front of the store, bounded, and patient while the store is away."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import structlog

from app.counters import Counters
from app.logs import Event
from app.records.pieces import Piece, news_of
from app.records.usage import Prices
from app.store import Store, StoreUnavailable
from app.store.call_writing import CallNews, write_calls

__all__ = ["Writer"]

FIRST_WAIT: Final = 0.2
LONGEST_WAIT: Final = 10.0
# What is written at once, and how much of it is made ready before the calls have their turn.
MOST_PIECES: Final = 100
MOST_ITEMS: Final = 4000
ITEMS_AT_A_TIME: Final = 500
MOST_WAITING: Final = 100_000

log = structlog.get_logger("cordboard.records")

Ready = tuple[str, CallNews]
"""What is to be written, and to whom it belongs."""


class Writer:
    """Pieces of records on their way into the store.

    Args:
        store: Where they go.
        counters: What is lost is counted.
        prices: Of models.
        most: Bytes that may wait; beyond them entries are lost, the rows of calls are not.

    Attributes:
        is_away: Whether the store did not answer the last time.
    """

    def __init__(self, store: Store, counters: Counters, prices: Prices, *, most: int) -> None:
        self._store = store
        self._counters = counters
        self._prices = prices
        self._most = most
        self._waiting: deque[Piece] = deque()
        self._bytes = 0
        self._ready: list[Ready] = []
        self._put = self._written = 0
        self._settling: list[tuple[int, asyncio.Future[None]]] = []
        self.is_away = False
        self._wait = FIRST_WAIT
        self._again = 0.0
        self._lost = 0

    def put(self, piece: Piece) -> None:
        """Take a piece; never waits."""
        if self._bytes + piece.size > self._most and piece.items:
            self._lose("entries", len(piece.items))
            piece = replace(piece, items=(), size=0)
        if len(self._waiting) >= MOST_WAITING:
            self._lose("calls", 1)
            return
        self._waiting.append(piece)
        self._bytes += piece.size
        self._put += 1

    def _lose(self, what: str, number: int) -> None:
        if not self._lost:
            log.error(Event.RECORDS_LOST, what=what, waiting=len(self._waiting), bytes=self._bytes)
        self._lost += number
        self._counters.records_lost(what, number)

    async def write(self) -> None:
        """Write all that waits; ends at once while the store is away, and is to be tried again."""
        while self._waiting or self._ready:
            if self.is_away and time.monotonic() < self._again:
                return
            if not self._ready:
                await self._take()
            try:
                await self._write(self._ready)
            except StoreUnavailable as error:
                self._put_off(error)
                return
            self._done(len(self._ready))
            self._ready = []
            await asyncio.sleep(0)  # the calls have their turn

    async def _take(self) -> None:
        """Make ready the pieces that are written next; being cancelled loses none."""
        items = at_a_time = 0
        while self._waiting and len(self._ready) < MOST_PIECES and items < MOST_ITEMS:
            piece = self._waiting.popleft()
            self._bytes -= piece.size
            self._make_ready(piece)
            items += len(piece.items)
            at_a_time += len(piece.items)
            if at_a_time >= ITEMS_AT_A_TIME:
                at_a_time = 0
                await asyncio.sleep(0)

    def _make_ready(self, piece: Piece) -> None:
        try:
            news = news_of(piece, self._prices)
        except Exception as error:
            self.refuse(piece.facts.call_sid, error)
            self._written += 1
        else:
            self._ready.append((piece.organisation_id, news))

    def refuse(self, call_sid: str, error: Exception) -> None:
        """What a piece holds cannot be written: it is lost, and nothing else."""
        log.error(Event.RECORD_REFUSED, call_sid=call_sid, error=type(error).__name__)
        self._counters.records_lost("calls", 1)

    async def _write(self, ready: Sequence[Ready]) -> None:
        """Write some; if one of them cannot be, for what it holds, the others are all the same."""
        batch: dict[str, list[CallNews]] = {}
        for organisation_id, news in ready:
            batch.setdefault(organisation_id, []).append(news)
        try:
            if lost := await write_calls(self._store, batch):
                log.warning(Event.WEBHOOKS_FULL, lost=lost)
        except StoreUnavailable:
            raise
        except Exception as error:
            if len(ready) == 1:
                self.refuse(ready[0][1].facts.call_sid, error)
                return
            for one in ready:
                await self._write([one])

    def _put_off(self, error: StoreUnavailable) -> None:
        """Try again later: sooner at first."""
        if not self.is_away:
            log.error(Event.RECORDS_WAIT, reason=str(error))
        self.is_away = True
        self._again = time.monotonic() + self._wait
        self._wait = min(LONGEST_WAIT, self._wait * 2)

    def _done(self, number: int) -> None:
        self._written += number
        self._counters.records_written(number)
        if self.is_away or (self._lost and not self._waiting):
            log.warning(Event.RECORDS_GO_ON, waiting=len(self._waiting), lost=self._lost)
            self.is_away, self._wait, self._lost = False, FIRST_WAIT, 0
        due = [one for one in self._settling if one[0] <= self._written]
        for one in due:
            self._settling.remove(one)
            if not one[1].done():
                one[1].set_result(None)

    async def settled(self) -> None:
        """Wait until all that waits now is written."""
        if self._written >= self._put:
            return
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._settling.append((self._put, waiting))
        await waiting

    def forget(self, organisation_id: str, number: str) -> None:
        """Drop what waits of the calls that a number took part in."""
        kept = [
            piece
            for piece in self._waiting
            if piece.organisation_id != organisation_id
            or number not in (piece.facts.from_number, piece.facts.to_number)
        ]
        self._written += len(self._waiting) - len(kept)
        self._bytes = sum(piece.size for piece in kept)
        self._waiting = deque(kept)

    def give_up(self) -> None:
        """The node ends: what could not be written is lost."""
        left = len(self._waiting) + len(self._ready)
        if left:
            self._lose("calls", left)
