"""Membership: says again and again that this node lives, and sweeps up after those that do not."""

import asyncio
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from app.bus import Bus, BusUnavailable, Node
from app.checkpoint.reach import Reach
from app.logs import Event
from app.peers import ThisNode

__all__ = ["Membership"]

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
        here: Who it is.
        lease: Seconds that a lease lives.
        calls: How many calls it holds.
        is_draining: Whether it takes no new calls any more.
        reach: Whether the bus answers.
    """

    def __init__(
        self,
        bus: Bus,
        here: ThisNode,
        *,
        lease: float,
        calls: Callable[[], int],
        is_draining: Callable[[], bool],
        reach: Reach,
    ) -> None:
        self._bus = bus
        self._pace = lease / RENEWALS
        self._calls = calls
        self._is_draining = is_draining
        self._reach = reach
        self._here = here

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
            except Exception:
                # Our own mistake; a node that says nothing any more counts as gone.
                log.exception(Event.NODE_NOT_RENEWED)
            await asyncio.sleep(
                min(self._pace, self._reach.wait) if self._reach.is_away else self._pace
            )

    async def renew(self) -> None:
        """Say now how this node is, as where it begins to drain.

        Raises:
            BusUnavailable: Nobody hears it.
        """
        here, is_draining = self._here, self._is_draining()
        node = Node(here.id, here.address, self._calls(), is_draining, here.started)
        await self._bus.renew(node)
        self._reach.answered()

    async def _sweep(self) -> None:
        if forgotten := await self._bus.sweep(datetime.now(UTC) - KEPT_ORPHANS):
            log.info(Event.CALLS_FORGOTTEN, calls=forgotten)

    async def leave(self) -> None:
        """The node ends: whoever looks for its calls need not ask it any more."""
        with suppress(BusUnavailable):
            await self._bus.leave(self._here.id)
