"""The server: WebSocket routes, shutdown, and the way to start it."""

from app.server.build import build, run

__all__ = ["build", "run"]
