"""The part of a node that keeps records of its calls."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from app.keys import CALLS, COUNTERS, FEED, RECORDER, SETTINGS, STORE
from app.records import Recorder, keep_retention, load_prices
from app.store import Store

__all__ = ["setup_records"]


def setup_records(web_app: web.Application, store: Store) -> None:
    """Record the calls of a node; set up before what ends its calls, and so closed after it."""
    prices = load_prices(web_app[SETTINGS].llm_prices)
    web_app[RECORDER] = Recorder(store, web_app[FEED], web_app[COUNTERS], prices)
    web_app[CALLS].runtime.recorder = web_app[RECORDER]
    web_app.cleanup_ctx.append(keep_records)


async def keep_records(web_app: web.Application) -> AsyncIterator[None]:
    """Write while the node runs, and at its end what is left."""
    recorder = web_app[RECORDER]
    keeping = [
        asyncio.create_task(recorder.keep()),
        asyncio.create_task(
            keep_retention(web_app[STORE], is_behind=lambda: recorder.writer.is_away)
        ),
    ]
    yield
    for task in keeping:
        task.cancel()
    await asyncio.wait(keeping)
    await recorder.close()
