"""The server: WebSocket routes, shutdown, and the way to start it."""

from app.server.build import build, run
from app.server.switchboard import SWITCHBOARD

__all__ = ["SWITCHBOARD", "build", "run"]
