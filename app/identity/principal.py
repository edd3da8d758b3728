"""Principal: who asks, once it is proved."""

from dataclasses import dataclass
from typing import Final, Literal

from app.identity.scopes import ALL, PUBLIC, SIGNED_IN, Need, ScopeName
from app.organisation import DEFAULT_ORGANISATION

__all__ = ["ANONYMOUS", "Kind", "Principal"]

Kind = Literal["settings", "key", "person", "anonymous"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, for which organisation.

    Attributes:
        organisation_id: Whose data they see, and no other's.
        actor: For the audit log: ``key:<id>``, ``person:<id>``, ``settings``, ``anonymous``.
        kind: How they proved it.
        name: For people: the name of the key, the person's address.
        scopes: What they may do.
    """

    organisation_id: str
    actor: str
    kind: Kind
    name: str
    scopes: frozenset[ScopeName]

    def may(self, need: Need) -> bool:
        """Whether they may do what needs this."""
        return need in (PUBLIC, SIGNED_IN) or need in self.scopes


ANONYMOUS: Final = Principal(DEFAULT_ORGANISATION, "anonymous", "anonymous", "anybody", ALL)
"""Who asks a server that asks for no keys."""
