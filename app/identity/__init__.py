"""Who asks, for which organisation, and what they may do."""

from app.identity.identity import Identity
from app.identity.principal import ANONYMOUS, Kind, Principal
from app.identity.scopes import ALL, PUBLIC, ROLES, SIGNED_IN, Need, Role, ScopeName
from app.identity.sessions import LONGEST, principal_of
from app.store.directory import SignedIn

__all__ = [
    "ALL",
    "ANONYMOUS",
    "LONGEST",
    "PUBLIC",
    "ROLES",
    "SIGNED_IN",
    "Identity",
    "Kind",
    "Need",
    "Principal",
    "Role",
    "ScopeName",
    "SignedIn",
    "principal_of",
]
