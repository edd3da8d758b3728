"""The part of a node that tells webhooks of its calls."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from app.keys import DELIVERER, OUTWARD, VAULT
from app.store import Store
from app.webhooks import Deliverer

PATIENCE = 1.0
"""Seconds that it may take to stop, of the five that the process has."""

__all__ = ["setup_webhooks"]


def setup_webhooks(web_app: web.Application, store: Store) -> None:
    """Tell webhooks of what happens while the node runs; what is left then, another one tells."""
    web_app[DELIVERER] = Deliverer(store, web_app[OUTWARD], web_app[VAULT])
    web_app.cleanup_ctx.append(keep_telling)


async def keep_telling(web_app: web.Application) -> AsyncIterator[None]:
    """Deliver until the node ends; a look into the store is not broken off."""
    telling = asyncio.create_task(web_app[DELIVERER].run())
    yield
    web_app[DELIVERER].stop()
    await asyncio.wait([telling], timeout=PATIENCE)
    telling.cancel()
