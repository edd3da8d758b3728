"""Retention: records that are older than their organisation keeps them are removed."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from app.logs import Event
from app.store import Store, StoreUnavailable, now
from app.store.directory import Directory

__all__ = ["keep_retention", "sweep"]

FIRST: Final = 60.0
EVERY: Final = 600.0
# A live call is written every minute; its node is gone if it was not for so long.
VANISHED: Final = timedelta(minutes=5)

log = structlog.get_logger("cordboard.records")


async def keep_retention(store: Store, *, is_behind: Callable[[], bool]) -> None:
    """Sweep until cancelled; several nodes may do so at once.

    Args:
        store: Where the records are.
        is_behind: Whether this node has not written for a while what it knows of its calls: then
            they would look as if it were gone.
    """
    await asyncio.sleep(FIRST)
    while True:
        try:
            if not is_behind():
                await sweep(store, now())
        except StoreUnavailable as error:
            log.warning(Event.RECORDS_UNSWEPT, reason=str(error))
        except Exception:
            log.exception(Event.RECORDS_UNSWEPT)
        await asyncio.sleep(EVERY)


async def sweep(store: Store, at: datetime) -> int:
    """Remove what is too old, a few calls at a time; how many calls.

    Also, calls whose node vanished are no longer live.

    Raises:
        StoreUnavailable: The store does not answer; what is left is removed the next time.
    """
    removed = 0
    for organisation_id, days in await Directory(store).retentions():
        calls = store.tenant(organisation_id, "retention").calls
        await calls.settle_lost(at - VANISHED)
        if days is not None:
            while some := await calls.expire(at - timedelta(days=days)):
                removed += some
                await asyncio.sleep(0)  # who waits to write has its turn
    if removed:
        await store.scrub()
        log.info(Event.RECORDS_EXPIRED, calls=removed)
    return removed
