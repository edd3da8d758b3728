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
    from app.session import live as L0
    global ORIG
    ORIG=L0.LiveCall.receive
    from app.settings import Settings
    from bench.application import bench

    import os
    X=os.environ.get("X","")
    from app.server import accept as A, socket as S
    if "h" in X:
        import sys as _s
        def mk(*, ping_interval, max_message):
            return web.WebSocketResponse(protocols=(S.SUBPROTOCOL,), compress=False, max_msg_size=max_message, decode_text=False, writer_limit=_s.maxsize, timeout=2.0)
        A.make_response=mk
    from app.session import live as L
    if "f" in X:
        L.LiveCall._publish=lambda self,k,d: None
    if "c" in X:
        from app.counters import Counters
        Counters.tool_called=lambda *a: None
    if "t" in X:
        L.LiveCall._turn_ended=lambda *a: None
    if "s" in X:
        from app.session.session import Session
        Session.receive=L.LiveCall.receive=lambda self,t: None if b'"type":"agent:event"' in t else ORIG(self,t)
    settings = Settings(log_level="warning")
    logs.configure(settings)
    return server.build(settings, [bench])


async def main(name: str, port: int) -> None:
    """Serve until the process is killed."""
    runner = web.AppRunner(make(name), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
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
