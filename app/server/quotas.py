"""Keeps what bounds the calls of all nodes together, so that a new call is answered at once."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final

import structlog

from app.bus import Bus, BusUnavailable
from app.logs import Event
from app.session import Quota
from app.store import StoreUnavailable
from app.store.directory import Directory

__all__ = ["Quotas"]

EVERY: Final = 1.0
"""Seconds between two looks at what other nodes have."""
LIMITS_EVERY: Final = 2.0
"""Seconds between two looks at what organisations have set."""
SPARED: Final = 10
"""A look that took long is not followed by another for so many times as long."""
STALE_AFTER: Final = 10.0
"""Seconds after which what other nodes had is no longer believed."""

log = structlog.get_logger("cordboard.server")


class Quotas:
    """Fills in a `Quota`, again and again.

    Args:
        quota: What new calls look at.
        bus: Knows the calls of all nodes.
        node_id: Whose calls are not counted there, since they are known better here.
        directory: Knows what organisations have set.
    """

    def __init__(
        self, quota: Quota, *, bus: Bus | None, node_id: str, directory: Directory | None
    ) -> None:
        self._quota = quota
        self._bus = bus
        self._node_id = node_id
        self._directory = directory
        self._limits_at = self._counted_at = -STALE_AFTER
        self._away: set[str] = set()

    async def keep(self) -> None:
        """Do so until cancelled. What goes wrong is logged; calls are taken all the same."""
        while True:
            begun = time.monotonic()
            try:
                await self.refresh()
            except Exception:
                log.exception(Event.QUOTA_NOT_REFRESHED)
            took = time.monotonic() - begun
            await asyncio.sleep(max(EVERY, took * SPARED))  # where many nodes ask, each asks less

    async def refresh(self) -> None:
        """Look at what organisations have set, now and then, and at what other nodes have."""
        now = time.monotonic()
        if self._directory is not None and now - self._limits_at >= LIMITS_EVERY:
            await self._look_at_limits(self._directory, now)
        if self._bus is not None and self._quota.bounds_something:
            await self._count(self._bus, now)

    async def _look_at_limits(self, directory: Directory, now: float) -> None:
        try:
            self._quota.by_organisation = await directory.call_limits()
        except StoreUnavailable as error:
            self._tell("store", error)
            return
        self._limits_at = now
        self._away.discard("store")

    async def _count(self, bus: Bus, now: float) -> None:
        try:
            self._quota.elsewhere = _without(await bus.counts(), self._node_id)
        except BusUnavailable as error:
            self._tell("bus", error)
            if now - self._counted_at > STALE_AFTER:
                self._quota.elsewhere = {}  # rather a call too many than none at all
            return
        self._counted_at = now
        self._away.discard("bus")

    def _tell(self, what: str, error: Exception) -> None:
        if what not in self._away:
            log.warning(Event.QUOTA_NOT_REFRESHED, away=what, reason=str(error))
        self._away.add(what)


def _without(counts: Mapping[str, Mapping[str, int]], node_id: str) -> Mapping[str, int]:
    """The calls of each organisation on all nodes but one."""
    return {
        organisation_id: sum(calls for node, calls in by_node.items() if node != node_id)
        for organisation_id, by_node in counts.items()
    }
