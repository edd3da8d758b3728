"""Named queues, shared by all calls of a twin."""

from typing import TYPE_CHECKING

from app.twin.bridge import Bridge, Seat
from app.twin.signal import Signal, expect

if TYPE_CHECKING:
    from app.twin.leg import Leg

LAST = 999
"""The priority of those who have none; a lower one comes first."""


class Place:
    """One call's place in a queue.

    Attributes:
        seat: Where it is bridged, once somebody took it out of the queue.
    """

    def __init__(self, leg: "Leg", priority: float) -> None:
        self.leg = leg
        self.priority = priority
        self.since = leg.clock.time()
        self.seat: Seat | None = None

    @property
    def waited(self) -> int:
        """Whole seconds since it came."""
        return int(self.leg.clock.time() - self.since)


class Queue:
    """Calls that wait, in the order in which they are taken."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._places: list[Place] = []
        self._signal = Signal()

    def __len__(self) -> int:
        return len(self._places)

    @property
    def callers(self) -> list[str]:
        """The `call_sid` of each call that waits, the first one first."""
        return [place.leg.info.call_sid for place in self._places]

    async def holds(self, count: int, *, limit: float = 5.0) -> None:
        """Wait until so many calls wait.

        Raises:
            WaitFailed: If it takes longer than `limit` seconds.
        """
        what = f"queue {self.name!r}: {count} waiting calls"
        await expect(self._signal, lambda: len(self) == count, what, limit)

    def enter(self, leg: "Leg", priority: float) -> Place:
        """Let a call wait behind those of the same priority."""
        place = Place(leg, priority)
        self.put_back(place)
        return place

    def put_back(self, place: Place) -> None:
        """Let a call wait where it belongs, by its priority and the time that it came."""
        self._places.append(place)
        self._places.sort(key=lambda each: (each.priority, each.since))
        self._signal.poke()

    def leave(self, place: Place) -> None:
        """Take a call out; harmless when it is out."""
        if place in self._places:
            self._places.remove(place)
            self._signal.poke()

    def position(self, place: Place) -> int:
        """How many stand before it."""
        return self._places.index(place) if place in self._places else 0

    async def take(self, call_sid: str = "") -> Place:
        """Wait for the first call, or for this one, and take it out."""
        await self._signal.until(lambda: self._first(call_sid))
        place = self._first(call_sid)
        assert place is not None
        self.leave(place)
        return place

    def _first(self, call_sid: str) -> Place | None:
        wanted = (p for p in self._places if call_sid in ("", p.leg.info.call_sid))
        return next(wanted, None)


def bridge(place: Place, taker: "Leg") -> Seat:
    """Bridge a call that was taken out of a queue with the one that took it."""
    both = Bridge()
    place.seat = both.join(place.leg, "enqueue")
    return both.join(taker, "dequeue")
