"""The server: WebSocket routes, shutdown, and the way to start it."""

from app.server.build import build, run, settle_collector
from app.server.serving import serving
from app.server.site import Site

__all__ = ["Site", "build", "run", "serving", "settle_collector"]
