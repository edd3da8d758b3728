"""The server: WebSocket routes, shutdown, and the way to start it."""

from app.server.build import build, run, settle_collector
from app.server.draining import Stop
from app.server.serving import serving
from app.server.site import Site

__all__ = ["Site", "Stop", "build", "run", "serving", "settle_collector"]
