"""Actor: on whose behalf something is asked of a call, for its record."""

from contextvars import ContextVar
from typing import Final

__all__ = ["ACTOR", "CODE"]

CODE: Final = "code"
"""The application's own code: its handlers, hooks and tools."""

ACTOR: Final[ContextVar[str]] = ContextVar("cordboard_actor", default=CODE)
"""``code``, or whoever sent the request that runs: ``key:<id>``, ``person:<id>`` …"""
