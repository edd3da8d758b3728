"""The part of a node that the others know it by, and that keeps what its calls need elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import web

from app.bus import Bus, BusUnavailable, open_bus
from app.checkpoint import CallKeeper, Counting, Membership, Reach
from app.keys import BUS, CALLS, KEEPER, LEAVING, MEMBERSHIP, NODE, PEERS, SETTINGS
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
    """Be a node among others, and keep checkpoints if the settings say so.

    Set up after what ends the calls of a node, and so closed before: they go on elsewhere.
    """
    bus, here, settings = web_app[BUS], web_app[NODE], web_app[SETTINGS]
    calls, leaving = web_app[CALLS], web_app[LEAVING]
    counting = Counting(calls.runtime.counters.registry)
    reach = Reach(counting)
    web_app[MEMBERSHIP] = Membership(
        bus,
        here,
        lease=settings.node_lease,
        calls=calls.__len__,
        is_draining=leaving.is_set,
        reach=reach,
    )
    if settings.checkpoints:
        lease, live = settings.node_lease, calls.runtime.live
        keeper = CallKeeper(bus, here.id, live, counting, reach, lease=lease)
        keeper.ask_hand_over = web_app[PEERS].ask_hand_over
        calls.runtime.keeper = web_app[KEEPER] = keeper
    web_app.cleanup_ctx.append(be_a_node)


async def be_a_node(web_app: web.Application) -> AsyncIterator[None]:
    """Say that this node lives, and write what its calls need, until it ends."""
    membership, keeper = web_app[MEMBERSHIP], web_app.get(KEEPER)
    with suppress(BusUnavailable):  # it will be said again soon
        await membership.renew()
    tasks = [asyncio.create_task(membership.keep())]
    if keeper is not None:
        tasks.append(asyncio.create_task(keeper.keep()))
    yield
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    if keeper is not None:
        await keeper.close()
    await membership.leave()
