"""Applications: a path on this server, its env vars, its state and its handlers."""

from app.application.application import Application
from app.application.discover import discover
from app.application.env import EnvVars, env_var
from app.application.handler import Handler

__all__ = ["Application", "EnvVars", "Handler", "discover", "env_var"]
