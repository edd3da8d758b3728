"""Whom an upgrade comes from, by user name and password: that decides whose call it is.

Settings name one user, of the default organisation; others are found in a directory that is held
in memory, since nothing is asked of the store on the way of a call.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from app.organisation import DEFAULT_ORGANISATION
from app.settings import Settings

__all__ = ["ANYBODY", "Admitted", "WsCredential", "WsDirectory", "WsUsers", "admit", "digest_of"]

NOBODY: Final = "0" * 64


class WsCredential(Protocol):
    """A user of control sockets.

    Attributes:
        organisation_id: Whose.
        digest: SHA-256 of the password, in hexadecimal. The password is long and made by us, so
            that a slow hash, which would hold up every call, protects nothing.
        account_sids: The jambonz accounts whose calls it may bring; any, where there are none.
    """

    @property
    def organisation_id(self) -> str: ...  # noqa: D102 - described above
    @property
    def digest(self) -> str: ...  # noqa: D102 - the same
    @property
    def account_sids(self) -> Collection[str]: ...  # noqa: D102 - the same


class WsDirectory(Protocol):
    """The users of control sockets beside that of the settings."""

    def find(self, user: str) -> WsCredential | None:
        """The credential of a user; must be there without waiting."""


@dataclass(frozen=True, slots=True)
class Lent:
    """A credential for a while; see :class:`WsCredential`."""

    organisation_id: str
    digest: str
    account_sids: AbstractSet[str] = frozenset()


class WsUsers:
    """All users of control sockets but that of the settings.

    Attributes:
        directory: Those that are kept; None on a node without a store.
    """

    def __init__(self) -> None:
        self.directory: WsDirectory | None = None
        self._lent: dict[str, Lent] = {}

    def find(self, user: str) -> WsCredential | None:
        """The credential of a user."""
        kept = self.directory
        return self._lent.get(user) or (None if kept is None else kept.find(user))

    @contextmanager
    def lend(self, organisation_id: str) -> Iterator[tuple[str, str]]:
        """A user and password that dial for an organisation until the end of the block."""
        user, password = f"lent-{secrets.token_hex(8)}", secrets.token_urlsafe(32)
        self._lent[user] = Lent(organisation_id, digest_of(password.encode()))
        try:
            yield user, password
        finally:
            del self._lent[user]


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who may open a control socket.

    Attributes:
        organisation_id: Whose calls come over it.
        account_sids: The jambonz accounts whose calls may; any, where there are none.
    """

    organisation_id: str = DEFAULT_ORGANISATION
    account_sids: AbstractSet[str] = frozenset()


ANYBODY: Final = Admitted()


def admit(authorization: str, settings: Settings, directory: WsDirectory) -> Admitted | None:
    """Who comes with this header; None where it opens nothing.

    Passwords are compared in constant time, and that of an unknown user with something too.
    """
    given = read_basic(authorization)
    if settings.ws_user:
        known = settings.ws_password.get_secret_value() if settings.ws_password else ""
        if hmac.compare_digest(given, f"{settings.ws_user}:{known}".encode()):
            return ANYBODY
    user, _, password = given.partition(b":")
    found = directory.find(user.decode("utf-8", "replace")) if user else None
    is_right = hmac.compare_digest(digest_of(password), found.digest if found else NOBODY)
    if found is None:
        return None if settings.ws_user else ANYBODY
    return Admitted(found.organisation_id, frozenset(found.account_sids)) if is_right else None


def read_basic(authorization: str) -> bytes:
    """User and password of a header, as ``user:password``; empty if it holds none."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        return base64.b64decode(encoded, validate=True) if scheme.lower() == "basic" else b""
    except ValueError:
        return b""


def digest_of(password: bytes) -> str:
    """What a directory keeps of a password."""
    return hashlib.sha256(password).hexdigest()
