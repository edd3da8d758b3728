"""The part of a node that the others know it by."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import web

from app.bus import Bus, BusUnavailable, open_bus
from app.checkpoint import Counting, Membership, Reach
from app.keys import BUS, CALLS, DRAINING, MEMBERSHIP, NODE, SETTINGS
from app.settings import Settings
from app.store import Store

__all__ = ["bus_of", "setup_keeping"]


def bus_of(settings: Settings, store: Store | None) -> Bus | None:
    """The bus of a node whose calls are to go on elsewhere, or that has others beside it.

    Raises:
        ConfigurationError: Its address cannot be used, or what it needs is not installed.
    """
    if store is None or not (settings.checkpoints or settings.is_clustered):
        return None
    url = settings.bus_url.get_secret_value() if settings.bus_url else None
    return open_bus(url, store, lease=settings.node_lease)


def setup_keeping(web_app: web.Application) -> None:
    """Be a node among others."""
    bus, here, settings = web_app[BUS], web_app[NODE], web_app[SETTINGS]
    calls, draining = web_app[CALLS], web_app[DRAINING]
    counting = Counting(calls.runtime.counters.registry)
    reach = Reach(counting)
    web_app[MEMBERSHIP] = Membership(
        bus,
        here,
        lease=settings.node_lease,
        calls=calls.__len__,
        is_draining=draining.is_set,
        reach=reach,
    )
    web_app.cleanup_ctx.append(be_a_node)


async def be_a_node(web_app: web.Application) -> AsyncIterator[None]:
    """Say that this node lives, until it ends."""
    membership = web_app[MEMBERSHIP]
    with suppress(BusUnavailable):  # it will be said again soon
        await membership.renew()
    task = asyncio.create_task(membership.keep())
    yield
    task.cancel()
    await asyncio.wait([task])
    await membership.leave()
