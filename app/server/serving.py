"""A server for a while, in this process: for tests, and for simulated callers."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from app.application import Application
from app.bus import Bus
from app.server.build import build
from app.server.site import Site
from app.settings import Settings
from app.store import Store


@asynccontextmanager
async def serving(
    applications: Sequence[Application[Any, Any]],
    settings: Settings,
    store: Store | None = None,
    bus: Bus | None = None,
) -> AsyncIterator[tuple[str, web.Application]]:
    """Run a server and take it down again; gives its `http` address and the web application."""
    web_app = build(settings, applications, store=store, bus=bus)
    runner = web.AppRunner(web_app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await Site(runner, settings.host, settings.port).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}", web_app
    finally:
        await runner.cleanup()
