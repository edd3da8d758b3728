"""What the calls of one twin share."""

from typing import TYPE_CHECKING

from app.twin.queues import Queue
from app.twin.signal import Signal

if TYPE_CHECKING:
    from app.twin.leg import Leg


class Switchboard:
    """The queues of a twin, made when they are first named, and the calls that calls made.

    Attributes:
        placed: The calls that applications made by the `dial` command, in their order.
    """

    def __init__(self) -> None:
        self.placed: list[Leg] = []
        self.signal = Signal()
        self._queues: dict[str, Queue] = {}

    def add(self, leg: "Leg") -> None:
        """Remember a call that an application made."""
        self.placed.append(leg)
        self.signal.poke()

    def queue(self, name: str) -> Queue:
        """The queue of that name."""
        return self._queues.setdefault(name, Queue(name))
