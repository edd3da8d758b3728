"""Serve one of the measured servers: ``python -m bench.serve floor|cordboard PORT``."""

import asyncio
import sys

from aiohttp import web


def make(name: str) -> web.Application:
    """The web application of a measured server."""
    if name == "floor":
        from bench import floor

        return floor.build()
    from app import logs, server
    from app.settings import Settings
    from bench.application import bench

    settings = Settings(log_level="warning")
    logs.configure(settings)
    return server.build(settings, [bench])


async def main(name: str, port: int) -> None:
    """Serve until the process is killed."""
    runner = web.AppRunner(make(name), access_log=None)
    await runner.setup()
    if name == "floor":
        await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    else:
        from app.server.site import Site

        await Site(runner, "127.0.0.1", port).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        import uvloop

        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    except ImportError:
        runner = asyncio.Runner()
    with runner:
        runner.run(main(sys.argv[1], int(sys.argv[2])))
