"""Membership: says again and again that this node lives, and sweeps up after those that do not."""

import asyncio
import os
import re
import secrets
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from app.bus import Bus, BusUnavailable, Node
from app.checkpoint.reach import Reach
from app.logs import Event

__all__ = ["Membership", "make_node_id"]

RENEWALS: Final = 3
"""How often a lease is renewed within the time that it lives."""
SWEEP_SECONDS: Final = 300.0
KEPT_ORPHANS: Final = timedelta(hours=1)
"""For how long a call may still be taken over whose node is gone: jambonz may redial late."""

log = structlog.get_logger("cordboard.checkpoint")


class Membership:
    """One node among the others.

    Args:
        bus: Where nodes know of each other.
        node_id: Its name.
        lease: Seconds that a lease lives.
        calls: How many calls it holds.
        is_draining: Whether it takes no new calls any more.
        reach: Whether the bus answers.

    Attributes:
        address: Where other nodes reach it; empty if nowhere.
    """

    def __init__(
        self,
        bus: Bus,
        node_id: str,
        *,
        lease: float,
        calls: Callable[[], int],
        is_draining: Callable[[], bool],
        reach: Reach,
        address: str = "",
    ) -> None:
        self._bus = bus
        self._pace = lease / RENEWALS
        self._calls = calls
        self._is_draining = is_draining
        self._reach = reach
        self._started = datetime.now(UTC)
        self.node_id = node_id
        self.address = address

    async def keep(self) -> None:
        """Renew the lease until cancelled, and forget what nobody came back for."""
        swept = time.monotonic() - SWEEP_SECONDS * secrets.randbelow(1000) / 1000
        while True:
            try:
                await self.renew()
                if time.monotonic() - swept >= SWEEP_SECONDS:
                    swept = time.monotonic()
                    await self._sweep()
            except BusUnavailable as error:
                self._reach.lost(error)
            await asyncio.sleep(
                min(self._pace, self._reach.wait) if self._reach.is_away else self._pace
            )

    async def renew(self) -> None:
        """Say now how this node is, as where it begins to drain.

        Raises:
            BusUnavailable: Nobody hears it.
        """
        node = Node(self.node_id, self.address, self._calls(), self._is_draining(), self._started)
        await self._bus.renew(node)
        self._reach.answered()

    async def _sweep(self) -> None:
        if forgotten := await self._bus.sweep(datetime.now(UTC) - KEPT_ORPHANS):
            log.info(Event.CALLS_FORGOTTEN, calls=forgotten)

    async def leave(self) -> None:
        """The node ends: whoever looks for its calls need not ask it any more."""
        with suppress(BusUnavailable):
            await self._bus.leave(self.node_id)


def make_node_id() -> str:
    """A name that no process had before, and that a person can read."""
    host = re.sub(r"[^\w-]", "-", socket.gethostname().partition(".")[0])[:32]
    return f"{host}-{os.getpid()}-{secrets.token_hex(3)}"
