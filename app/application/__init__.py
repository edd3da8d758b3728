"""Applications: a path on this server, its env vars, its state and its handlers."""

from app.application.again import rediscover
from app.application.application import Application
from app.application.discover import discover
from app.application.env import EnvVars, env_var
from app.application.found import (
    Found,
    Reference,
    find_hook,
    recall_tool,
    refer_to_source,
    refer_to_tool,
)
from app.application.handler import Handler
from app.application.place import PACKAGES, is_authors, place_of, shown
from app.application.state import STATE_FIX, Notes, plain, read_state, write_state
from app.application.unanswered import UnansweredHook, answers_tools, require_answers

__all__ = [
    "PACKAGES",
    "STATE_FIX",
    "Application",
    "EnvVars",
    "Found",
    "Handler",
    "Notes",
    "Reference",
    "UnansweredHook",
    "answers_tools",
    "discover",
    "env_var",
    "find_hook",
    "is_authors",
    "place_of",
    "plain",
    "read_state",
    "recall_tool",
    "rediscover",
    "refer_to_source",
    "refer_to_tool",
    "require_answers",
    "shown",
    "write_state",
]
