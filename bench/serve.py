"""Serve one of the measured servers: ``python -m bench.serve floor|cordboard PORT``."""

import asyncio
import sys

from aiohttp import web


async def serve_floor(port: int) -> None:
    """Serve the floor until the process is killed."""
    from bench import floor

    runner = web.AppRunner(floor.build(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


async def serve_cordboard(port: int) -> None:
    """Serve Cordboard as ``cordboard serve`` does, with validation, logs and metrics."""
    from bench import contract

    await contract.serve(port, on_listening=lambda _: print("ready", flush=True))


if __name__ == "__main__":
    try:
        import uvloop

        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    except ImportError:
        runner = asyncio.Runner()
    serve = serve_floor if sys.argv[1] == "floor" else serve_cordboard
    with runner:
        runner.run(serve(int(sys.argv[2])))
