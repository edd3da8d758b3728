"""Applications: a path on this server, its env vars, its state and its handlers."""

from app.application.again import rediscover
from app.application.application import Application
from app.application.discover import discover
from app.application.env import EnvVars, env_var
from app.application.handler import Handler
from app.application.place import PACKAGES, is_authors, place_of, shown
from app.application.unanswered import UnansweredHook, answers_tools, require_answers

__all__ = [
    "PACKAGES",
    "Application",
    "EnvVars",
    "Handler",
    "UnansweredHook",
    "answers_tools",
    "discover",
    "env_var",
    "is_authors",
    "place_of",
    "rediscover",
    "require_answers",
    "shown",
]
