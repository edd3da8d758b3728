"""Letting go of what a request holds, whether it ended or was cut."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

LIMIT = 1.0
"""Seconds that closing a stream may take; a vendor that does not react is left behind."""


async def release(closing: Coroutine[Any, Any, Any]) -> None:
    """Await a stream's own close, even where this task is being cancelled."""
    task = asyncio.ensure_future(closing)
    with suppress(Exception):
        await asyncio.wait({task}, timeout=LIMIT)
    if not task.done():
        task.cancel()
    elif not task.cancelled():
        task.exception()  # a socket that was cut is closed all the same
