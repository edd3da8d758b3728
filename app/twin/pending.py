"""Requests in flight, and the timers that measure how long their acks take."""

import asyncio
from dataclasses import dataclass
from typing import Any

from app.twin.clock import Clock, Hold, Timer


class NoAck(Exception):
    """A request that needed an ack got none: too late, or the socket was lost."""


@dataclass(slots=True, eq=False)
class Pending:
    """One request in flight; its timers run from the moment it is sent."""

    type: str
    future: "asyncio.Future[Any]"
    clock: Clock
    hold: Hold
    timers: tuple[Timer, ...] = ()

    @classmethod
    def new(cls, type_: str, clock: Clock) -> "Pending":
        """Make one, which holds the clock; nobody has to look at its future."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        return cls(type_, future, clock, clock.hold())

    @property
    def was_sent(self) -> bool:
        """Whether the application can know of it."""
        return bool(self.timers)

    def fail(self, text: str) -> None:
        """Reject it."""
        self._end()
        if not self.future.done():
            self.future.set_exception(NoAck(text))

    def resolve(self, data: Any) -> None:
        """Answer it."""
        self._end()
        if not self.future.done():
            self.future.set_result(data)

    def start(self, limit: float, msgid: str, waiting: dict[str, "Pending"]) -> None:
        """Start the timer anew; when it ends, the request leaves `waiting` and fails."""
        self._stop()

        def expire() -> None:
            waiting.pop(msgid, None)
            self.fail(f"timeout from far end for msgid {msgid}")

        self.timers = (asyncio.get_running_loop().call_later(limit, expire),)
        if self.clock.is_virtual:  # which passes while an ack is on its way, and only then
            self.timers += (self.clock.call_later(limit, expire),)

    def _end(self) -> None:
        self._stop()
        self.hold.release()

    def _stop(self) -> None:
        for timer in self.timers:
            timer.cancel()
