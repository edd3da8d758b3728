"""Feed: a tap on live calls for those who watch them.

Every call has a bounded ring. Publishing is one append; a watcher holds no queue, only its place in
the ring, so a slow one costs nothing and merely finds a gap where the ring has moved on.
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

import orjson

__all__ = ["Entry", "Feed", "Item", "TooManyWatchers", "Watch", "opened"]

GAP: Final = "gap"
END: Final = "end"
SLACK: Final = 1_000_000
"""More entries than a call makes between two of its checkpoints."""

Item = tuple[int, float, str, object]
"""An entry as it was published: id, time, kind, data."""


class TooManyWatchers(RuntimeError):
    """The call is watched by as many as it may be."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened in a call.

    Attributes:
        id: Increases by one with every entry of the call.
        time: When it happened, in seconds since the epoch.
        kind: "session", "status", "event", "tool_call", …; "gap" stands for entries that the
            watcher missed (`data["lost"]` of them; None when unknown), "end" for the call's end.
        data: As it was published. Not to be changed by either side.
    """

    id: int
    time: float
    kind: str
    data: object


@dataclass(slots=True, eq=False)
class _Ring:
    """The newest entries of one call."""

    items: deque[Item]
    last: int = 0
    missing: int = 0  # up to this id, nobody here knows how many there were
    watches: list["Watch"] = field(default_factory=list)
    ended: float | None = None
    kept: list[Item] | None = None  # of a call that is recorded: all, until they are taken
    recorded: int = 0

    def wake(self) -> None:
        for watch in self.watches:
            watch.wake()


class Feed:
    """What happens in the calls of this node, for whoever watches.

    Belongs to one event loop: publish from another thread with `loop.call_soon_threadsafe`.

    Args:
        size: Entries kept per call; older ones are forgotten.
        linger: Seconds for which a call's entries stay readable after its end.
        max_ended: Ended calls kept at most; the one that ended first goes first.
        max_calls: Open calls kept at most, should somebody forget to end them.
        max_watches: Watchers per call.
        clock: Seconds, increasing; for the linger time.
    """

    def __init__(
        self,
        *,
        size: int = 128,
        linger: float = 60.0,
        max_ended: int = 256,
        max_calls: int = 10_000,
        max_watches: int = 64,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._size = size
        self._linger = linger
        self._max_ended = max_ended
        self._max_calls = max_calls
        self._max_watches = max_watches
        self._clock = clock
        self._rings: dict[str, _Ring] = {}
        # In order of their ends. A plain dict takes ever longer to find its first key.
        self._ended: OrderedDict[str, _Ring] = OrderedDict()

    def __contains__(self, call_sid: object) -> bool:
        self._forget_expired()
        return call_sid in self._rings or call_sid in self._ended

    def has_ended(self, call_sid: str) -> bool:
        """Whether a call is over, and can still be read."""
        self._forget_expired()
        return call_sid in self._ended

    def __len__(self) -> int:
        """Calls that it holds entries of, ended ones included."""
        self._forget_expired()
        return len(self._rings) + len(self._ended)

    def publish(self, call_sid: str, kind: str, data: object, *, keep: bool = True) -> None:
        """Add an entry to a call; what comes after its end, or without a call_sid, is dropped.

        Args:
            call_sid: The call; its first entry opens it.
            kind: See `Entry.kind`.
            data: Anything that JSON can hold; turned into JSON only when somebody reads it. Bytes
                are a frame as text, of which watchers see the ``data``: what is parsed takes
                several times the memory, and the collector's time. A tuple tells of a tool's
                output: tool_call_id, name, JSON text, outcome and milliseconds.
            keep: Whether it belongs into the record of the call, should there be one.
        """
        ring = self._rings.get(call_sid)
        if ring is None:
            if call_sid in self._ended or not call_sid:
                return
            ring = self._open(call_sid)
        ring.last = number = ring.last + 1
        item = (number, time.time(), kind, data)
        ring.items.append(item)
        if ring.kept is not None and keep:
            ring.kept.append(item)
        if ring.watches:
            ring.wake()

    def keep(self, call_sid: str) -> list[Item]:
        """Keep what is published of a call from its beginning on, also what the ring forgets.

        Returns:
            The list that grows with the call; whoever asked takes out of it what it has seen.
        """
        ring = self._open(call_sid)
        if ring.kept is None:
            ring.kept = [item for item in ring.items if item[0] > ring.recorded]
        return ring.kept

    def let_go(self, call_sid: str) -> None:
        """Keep no more of a call than any other."""
        ring = self._rings.get(call_sid)
        if ring is not None and ring.kept is not None:
            ring.kept, ring.recorded = None, ring.last

    def open(self, call_sid: str) -> None:
        """Begin a call, or take an ended one up again: jambonz may redial later than expected."""
        self._open(call_sid)

    def resume(self, call_sid: str, last: int) -> None:
        """Begin a call that another process had, where its newest entry was ``last`` or later.

        Ids go on behind all that it can have given out, so who comes back finds a gap.
        """
        ring = self._open(call_sid)
        ring.missing = ring.last = max(ring.last, last + SLACK)

    def leave(self, call_sid: str) -> None:
        """The call goes on elsewhere: its watchers stop here without an "end"."""
        ring = self._rings.pop(call_sid, None)
        for watch in tuple(ring.watches) if ring is not None else ():
            watch.close()

    def last_of(self, call_sid: str) -> int:
        """The id of the newest entry of a call; 0 where there is none."""
        ring = self._rings.get(call_sid)
        return 0 if ring is None else ring.last

    def _open(self, call_sid: str) -> _Ring:
        ring = self._rings.get(call_sid) or self._ended.pop(call_sid, None)
        if ring is None:
            ring = _Ring(deque(maxlen=self._size))
        ring.ended = None
        self._rings[call_sid] = ring
        if len(self._rings) > self._max_calls:
            self.end(next(iter(self._rings)))
        return ring

    def end(self, call_sid: str) -> None:
        """The call is over: watchers get an entry "end" and stop. Unknown calls are ignored."""
        ring = self._rings.pop(call_sid, None)
        if ring is None:
            return
        ring.last += 1
        ring.items.append((ring.last, time.time(), END, {}))
        ring.ended = self._clock()
        self._ended[call_sid] = ring
        self._forget_expired()
        ring.wake()

    def watch(self, call_sid: str, after: int | None = None) -> "Watch":
        """Follow a call.

        Args:
            call_sid: The call. One that isn't known (yet) is waited for.
            after: Begin behind the entry with this id; with a "gap" where that one is forgotten.
                None begins with the oldest entry that is kept.

        Raises:
            TooManyWatchers: The call has enough of them.
        """
        self._forget_expired()
        ring = self._rings.get(call_sid) or self._ended.get(call_sid) or self._open(call_sid)
        if len(ring.watches) >= self._max_watches:
            raise TooManyWatchers(f"{call_sid} has {self._max_watches} watchers already")
        return Watch(ring, after, on_close=lambda: self._forget_unused(call_sid, ring))

    def close(self) -> None:
        """Stop all watchers, without an "end": the calls may go on elsewhere after a shutdown."""
        for ring in (*self._rings.values(), *self._ended.values()):
            for watch in tuple(ring.watches):
                watch.close()

    def _forget_expired(self) -> None:
        """Drop rings past their linger time. Done in passing: no timer per call."""
        limit = self._clock() - self._linger
        while self._ended:
            call_sid, ring = next(iter(self._ended.items()))
            is_recent = ring.ended is not None and ring.ended > limit
            if is_recent and len(self._ended) <= self._max_ended:
                break
            del self._ended[call_sid]

    def _forget_unused(self, call_sid: str, ring: _Ring) -> None:
        """Drop the ring of a call that was waited for and never came."""
        if ring.last == 0 and not ring.watches and self._rings.get(call_sid) is ring:
            del self._rings[call_sid]


def opened(kind: str, data: object) -> object:
    """What a watcher sees: of a frame its ``data``, for a hook with the hook's name."""
    if type(data) is bytes:
        frame = orjson.loads(data)
        content = frame.get("data") or {}
        return {"hook": frame.get("hook", ""), "data": content} if kind == "hook" else content
    if type(data) is tuple:
        call_id, name, output, outcome, ms = data
        told = {"tool_call_id": call_id, "name": name, "output": orjson.loads(output)}
        return {**told, "outcome": outcome, "ms": ms}
    return data


class Watch:
    """A place in a call's feed: an async iterator of entries, closed by `async with` or `close`."""

    __slots__ = ("_cursor", "_on_close", "_ring", "_waiter")

    def __init__(self, ring: _Ring, after: int | None, *, on_close: Callable[[], None]) -> None:
        self._ring = ring
        self._cursor = after
        self._on_close = on_close
        self._waiter: asyncio.Future[None] | None = None
        ring.watches.append(self)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __aiter__(self) -> AsyncIterator[Entry]:
        return self

    async def __anext__(self) -> Entry:
        """The next entry; waits for it. Cancelling the wait loses nothing."""
        while True:
            entry = self.take()
            if entry is not None:
                return entry
            if self.is_over:
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter

    @property
    def is_over(self) -> bool:
        """The call has ended and all of it has been read, or the watch was closed."""
        if self not in self._ring.watches:
            return True
        return self._ring.ended is not None and self._cursor == self._ring.last

    def take(self) -> Entry | None:
        """The next entry if there is one by now."""
        items, cursor = self._ring.items, self._cursor
        if not items or cursor == self._ring.last:
            return None
        first = items[0][0]
        if cursor is None:
            cursor = first - 1
        elif cursor > self._ring.last:
            return self._gap(first, None)
        elif cursor < first - 1:
            return self._gap(first, None if cursor < self._ring.missing else first - 1 - cursor)
        item = items[cursor - first + 1]
        self._cursor = item[0]
        number, moment, kind, data = item
        return Entry(number, moment, kind, opened(kind, data))

    def wake(self) -> None:
        """Something was published; called by the feed."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def close(self) -> None:
        """Stop watching; a second time does nothing."""
        if self in self._ring.watches:
            self._ring.watches.remove(self)
            self.wake()
            self._on_close()

    def _gap(self, first: int, lost: int | None) -> Entry:
        # The gap bears the id of the last lost entry: who resumes after it misses nothing more.
        self._cursor = first - 1
        return Entry(first - 1, time.time(), GAP, {"lost": lost})
