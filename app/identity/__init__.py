"""Who asks, for which organisation, and what they may do."""

from app.identity.identity import Identity
from app.identity.principal import ANONYMOUS, Kind, Principal
from app.identity.scopes import ALL, PUBLIC, ROLES, SIGNED_IN, Need, Role, ScopeName

__all__ = [
    "ALL",
    "ANONYMOUS",
    "PUBLIC",
    "ROLES",
    "SIGNED_IN",
    "Identity",
    "Kind",
    "Need",
    "Principal",
    "Role",
    "ScopeName",
]
