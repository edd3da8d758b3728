"""Being signed in: a random token in a signed cookie, of which the store keeps the digest.

A token is made when somebody signs in and is good for nothing before: one that was planted in a
browser proves nothing (session fixation). Pages of other sites, which a browser lets send the
cookie along, do not know the token against forgery (CSRF) that belongs to it.
"""

import hashlib
import hmac
from datetime import timedelta
from typing import Final

from itsdangerous import BadSignature, Signer

from app.identity.principal import Principal
from app.identity.scopes import ROLES
from app.identity.tokens import digest_of, is_token, new_token
from app.store import now
from app.store.accounts import Accounts
from app.store.directory import Directory, SignedIn
from app.vault import Vault

__all__ = ["LONGEST", "Sessions", "principal_of"]

IDLE: Final = timedelta(hours=12)
"""Who asks for nothing for so long has to sign in again."""
LONGEST: Final = timedelta(days=14)
"""So has everybody, after this."""
SELDOM: Final = timedelta(minutes=10)
"""That somebody is still there is written down so often."""


class Sessions:
    """Who is signed in.

    Args:
        directory: Finds them.
        accounts: Writes them down.
        vault: Has the keys that sign.
    """

    def __init__(self, directory: Directory, accounts: Accounts, vault: Vault) -> None:
        self._directory = directory
        self._accounts = accounts
        newest_last = vault.derive("sign cookies")[::-1]
        self._signer = Signer(newest_last, salt=b"session", digest_method=hashlib.sha256)
        self._forgery_keys = vault.derive("prevent forgery")

    async def open(self, user_id: str, organisation_id: str) -> tuple[str, SignedIn]:
        """Sign somebody in, who has proved who they are; gives the value of the cookie."""
        token = new_token()
        digest, until = digest_of(token), now() + IDLE
        await self._accounts.sign_in(
            digest=digest, user_id=user_id, organisation_id=organisation_id, until=until
        )
        signed_in = await self._directory.signed_in(digest, now())
        if signed_in is None:
            raise LookupError("the person belongs to that organisation no more")
        return self._signer.sign(token.encode()).decode(), signed_in

    async def find(self, cookie: str) -> SignedIn | None:
        """Who is signed in by a cookie; None where it is not ours, or nobody is any more."""
        digest = self._digest(cookie)
        if digest is None:
            return None
        at = now()
        signed_in = await self._directory.signed_in(digest, at)
        if signed_in is not None:
            until = min(at + IDLE, signed_in.created_at + LONGEST)
            if until - signed_in.expires_at > SELDOM:
                await self._accounts.stay(digest, until)
        return signed_in

    async def close(self, cookie: str) -> None:
        """Sign out."""
        digest = self._digest(cookie)
        if digest is not None:
            await self._accounts.sign_out(digest)

    def forgery_token(self, signed_in: SignedIn) -> str:
        """What a page of ours sends along with every change, and no other page knows."""
        return _proof(self._forgery_keys[0], signed_in.digest)

    def is_forgery_token(self, signed_in: SignedIn, token: str) -> bool:
        """Whether it is that one; also of a key that was the first one until a moment ago."""
        given = token.encode("utf-8", "surrogateescape")
        proofs = [_proof(key, signed_in.digest).encode() for key in self._forgery_keys]
        return any(hmac.compare_digest(proof, given) for proof in proofs)

    def _digest(self, cookie: str) -> str | None:
        try:
            token = self._signer.unsign(cookie.encode("utf-8", "surrogateescape")).decode()
        except (BadSignature, UnicodeError):
            return None
        return digest_of(token) if is_token(token) else None


def principal_of(signed_in: SignedIn) -> Principal:
    """Who they are for what they ask now."""
    scopes = ROLES.get(signed_in.role, frozenset())  # type: ignore[call-overload]
    actor = f"person:{signed_in.user_id}"
    return Principal(signed_in.organisation_id, actor, "person", signed_in.email, scopes)


def _proof(key: bytes, digest: str) -> str:
    return hmac.new(key, digest.encode(), hashlib.sha256).hexdigest()
