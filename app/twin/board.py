"""What the calls of one twin share."""

from typing import TYPE_CHECKING

from app.twin.clock import Clock
from app.twin.queues import Queue
from app.twin.rooms import Room
from app.twin.signal import Signal

if TYPE_CHECKING:
    from app.twin.leg import Leg


class Switchboard:
    """Queues and conferences, made when they are first named, and the calls that calls made.

    Attributes:
        placed: The calls that applications made by the `dial` command, in their order.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.placed: list[Leg] = []
        self.signal = Signal()
        self._queues: dict[str, Queue] = {}
        self._rooms: dict[str, Room] = {}

    def add(self, leg: "Leg") -> None:
        """Remember a call that an application made."""
        self.placed.append(leg)
        self.signal.poke()

    def queue(self, name: str) -> Queue:
        """The queue of that name."""
        return self._queues.setdefault(name, Queue(name))

    def room(self, name: str) -> Room:
        """The conference of that name; a new one where the last is over."""
        room = self._rooms.get(name)
        if room is None or room.is_over:
            room = self._rooms[name] = Room(name, self._clock)
        return room
