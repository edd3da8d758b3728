"""Organisations: to whom calls, agents and everything else belongs."""

from typing import Final

__all__ = ["DEFAULT_ORGANISATION"]

DEFAULT_ORGANISATION: Final = "00000000-0000-4000-8000-000000000001"
"""Owns the applications in code, and the keys and credentials of the settings."""
