"""Organisations: to whom calls, agents and everything else belongs."""

from typing import Final

__all__ = ["DEFAULT_ORGANISATION", "call_key"]

DEFAULT_ORGANISATION: Final = "00000000-0000-4000-8000-000000000001"
"""Owns the applications in code, and the keys and credentials of the settings."""

# Stands in no organisation's id, and needs no quoting in a URL.
BETWEEN: Final = "~"


def call_key(organisation_id: str, call_sid: str) -> str:
    """What a node keeps a call by; no two organisations have one in common.

    A call_sid is whatever came over the wire, so that two organisations may name the same one. In
    the default organisation it is the key itself.
    """
    if not call_sid or (organisation_id == DEFAULT_ORGANISATION and BETWEEN not in call_sid):
        return call_sid
    return f"{organisation_id}{BETWEEN}{call_sid}"
