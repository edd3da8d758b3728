"""What may be allowed: scopes, which a key has by name and a person by a role."""

from collections.abc import Mapping
from typing import Final, Literal, get_args

__all__ = ["ALL", "PUBLIC", "ROLES", "SIGNED_IN", "Need", "Role", "ScopeName"]

ScopeName = Literal[
    "calls:read",
    "calls:write",
    "agents:read",
    "agents:write",
    "knowledge:read",
    "knowledge:write",
    "records:read",
    "records:write",
    "organisation:read",
    "organisation:write",
    "audit:read",
]
"""``calls`` are live ones and those of the twin, ``records`` are past ones. ``organisation`` is its
settings and people; who may change those also makes keys. ``audit`` is who has keys and who changed
what."""

Role = Literal["owner", "editor", "viewer"]
"""What a person is in an organisation."""

Need = ScopeName | Literal["signed in", "public"]
"""What an operation asks for: a scope, anybody who is known, or nothing at all."""

SIGNED_IN: Final = "signed in"
PUBLIC: Final = "public"

ALL: Final[frozenset[ScopeName]] = frozenset(get_args(ScopeName))

_VIEWER: Final[frozenset[ScopeName]] = frozenset(
    scope for scope in ALL if scope.endswith(":read") and scope != "audit:read"
)
_EDITING: Final[frozenset[ScopeName]] = frozenset(
    ("calls:write", "agents:write", "knowledge:write")
)

ROLES: Final[Mapping[Role, frozenset[ScopeName]]] = {
    "owner": ALL,
    "editor": _VIEWER | _EDITING,
    "viewer": _VIEWER,
}
