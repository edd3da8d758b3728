"""What the calls of one twin share by name."""

from app.twin.queues import Queue


class Switchboard:
    """The queues of a twin, made when they are first named."""

    def __init__(self) -> None:
        self._queues: dict[str, Queue] = {}

    def queue(self, name: str) -> Queue:
        """The queue of that name."""
        return self._queues.setdefault(name, Queue(name))
