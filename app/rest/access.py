"""Who may use the REST API, and how often: keys, people who are signed in, a limit for each."""

import hashlib
import hmac
from typing import Final, NoReturn

import structlog
from aiohttp import web
from limits import RateLimitItem, parse
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from app.identity import (
    ALL,
    ANONYMOUS,
    SIGNED_IN,
    Identity,
    Need,
    Principal,
    SignedIn,
    principal_of,
)
from app.identity.tokens import KEY_PREFIX
from app.keys import PASS, PRINCIPAL
from app.logs import Event, pii
from app.organisation import DEFAULT_ORGANISATION
from app.rest.address import Network, client_address
from app.rest.cookie import cookie_of
from app.rest.origin import is_own, require_own_page
from app.rest.problems import Problem
from app.rest.rates import Rates
from app.rest.slowdown import Slowdown, too_many
from app.settings import Settings
from app.store import StoreUnavailable

__all__ = ["ACCESS", "PERSON", "Access", "require"]

CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="cordboard"'}
HOW: Final = "`Authorization: Bearer <key>`"
WRONG_KEY: Final = {"WWW-Authenticate": 'Bearer realm="cordboard", error="invalid_token"'}
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
FORGERY_HEADER: Final = "X-CSRF-Token"

log = structlog.get_logger()


class Access:
    """The door of the REST API.

    Args:
        settings: Gives keys, rate limit, trusted proxies and whether anonymous use is allowed.
        slowdown: What failed keys wait for.
        identity: Knows the keys and people of all organisations; None where there is no store.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        slowdown: Slowdown | None = None,
        identity: Identity | None = None,
    ) -> None:
        self._settings = settings
        self._digests = tuple(_digest(key.get_secret_value()) for key in settings.api_keys)
        self._proxies: tuple[Network, ...] = settings.trusted_proxies
        self._limit: RateLimitItem = parse(settings.rate_limit)
        self._rates = Rates(SlidingWindowCounterRateLimiter, settings)
        self._identity = identity
        self.slowdown = slowdown or Slowdown()
        self.is_open = settings.allow_anonymous and not self._digests

    async def admit(self, request: web.Request, need: Need = SIGNED_IN) -> Principal:
        """Let a request pass; from then on it says who asks: ``request[PRINCIPAL]``.

        Args:
            request: What came.
            need: What it is about to do.

        Raises:
            Problem: 401 without a good key, 403 for one that may not do this, 429 over the limit.
        """
        principal = passed_principal(request)
        if principal is None:
            principal = await self._identify(request)
            if principal is None:
                await self._refuse(request)
            await self._count(request, principal)
        request[PRINCIPAL], request[NEED] = principal, need
        require(principal, need)
        return principal

    async def still_admits(self, request: web.Request) -> bool:
        """Whether who was let in would still be, for the same organisation and to do the same.

        A stream goes on for hours: meanwhile a key may be revoked, a person signed out or removed.
        While the store is away, nobody is sent away.
        """
        if PASS in request:  # whoever sent it on looks again, and ends the stream
            return True
        was = request[PRINCIPAL]
        try:
            now = await self._identify(request)
        except StoreUnavailable:
            return True
        is_same = now is not None and (now.actor, now.organisation_id) == (
            was.actor,
            was.organisation_id,
        )
        return is_same and now is not None and now.may(request[NEED])

    def address(self, request: web.Request) -> str:
        """Where the request comes from; proxies are believed only if they are trusted."""
        return client_address(request, self._proxies)

    async def _signed_in(self, request: web.Request) -> SignedIn | None:
        """Who is signed in by the cookie of a request; None if nobody is.

        Raises:
            Problem: 403 where it would change something and comes from a page of another site.
        """
        cookie = cookie_of(request)
        if cookie is None or self._identity is None:
            return None
        sessions = self._identity.sessions
        found = await sessions.find(cookie)
        if found is not None and request.method not in SAFE:
            require_own_page(request)
            if not sessions.is_forgery_token(found, request.headers.get(FORGERY_HEADER, "")):
                raise _forged()
        return found

    async def _identify(self, request: web.Request) -> Principal | None:
        found: Principal | None = None
        if (key := _bearer(request)) is not None:
            found = self._of_settings(key) or await self._of_ring(key)
        elif "Authorization" not in request.headers:
            signed_in = await self._signed_in(request)
            if signed_in is not None:
                request[PERSON] = signed_in
                found = principal_of(signed_in)
        # A key that was revoked is not to act for the first organisation instead of its own.
        is_anybody = self.is_open and not (key or "").startswith(KEY_PREFIX)
        if found is not None or not is_anybody:
            return found
        _require_no_foreign_page(request)
        return ANONYMOUS

    def _of_settings(self, given: str) -> Principal | None:
        """Whoever holds a key of the settings runs this server, and may do all.

        Looks at all of them, so that time tells nothing.
        """
        digest, found = _digest(given), None
        for index, known in enumerate(self._digests):
            if hmac.compare_digest(digest, known):
                found = index
        if found is None:
            return None
        name = f"key {found + 1} of the settings"
        return Principal(DEFAULT_ORGANISATION, "settings", "settings", name, ALL)

    async def _of_ring(self, key: str) -> Principal | None:
        """Whose key it is; one that another node has made a moment ago is good here at once."""
        if self._identity is None or not key.startswith(KEY_PREFIX):
            return None
        ring = self._identity.ring
        if (found := ring.find_key(key)) is None:
            await ring.refresh()
            found = ring.find_key(key)
        return found

    async def _refuse(self, request: web.Request) -> NoReturn:
        if "Authorization" not in request.headers:
            or_sign_in = "" if self._identity is None else ", or sign in by `POST /api/session`"
            raise Problem(401, f"Send an API key: {HOW}{or_sign_in}.", headers=CHALLENGE)
        address = self.address(request)
        log.warning(Event.REST_REFUSED, reason="wrong key", **pii(address=address))
        await self.slowdown.failed(address)
        raise Problem(401, f"This is no API key of this server; send {HOW}.", headers=WRONG_KEY)

    async def _count(self, request: web.Request, principal: Principal) -> None:
        """Each key, person and address has a limit of its own."""
        who = {"settings": principal.name, "anonymous": self.address(request)}
        counted = (principal.kind, who.get(principal.kind, principal.actor))
        if await self._rates.hit(self._limit, *counted):
            return
        wait = await self._rates.wait(self._limit, *counted)
        raise too_many(wait, f"The limit is {self._limit}.")

    async def close(self) -> None:
        """Let go of the bus."""
        await self._rates.close()


ACCESS: Final = web.AppKey("access", Access)
NEED: Final = web.RequestKey[Need]("need")
"""In a request that was let in: what it was let in to do."""
PERSON: Final = web.RequestKey("person", SignedIn)
"""In a request of somebody who is signed in, and let in by that: where and until when."""


def passed_principal(request: web.Request) -> Principal | None:
    """On whose behalf another node has sent a request on, which has let them in and counted it."""
    return request[PASS].principal if PASS in request else None


def require(principal: Principal, need: Need) -> None:
    """Refuse what somebody may not do.

    Raises:
        Problem: 403, which names the scope.
    """
    if not principal.may(need):
        has = ", ".join(sorted(principal.scopes)) or "none"
        detail = f"This needs the scope {need!r}; {principal.name!r} has {has}."
        raise Problem(403, detail, kind="not-allowed", title="Not allowed")


def _require_no_foreign_page(request: web.Request) -> None:
    """Who needs no key is on this network; a page from elsewhere in their browser is not."""
    origin = request.headers.get("Origin")
    if origin is not None and not is_own(origin, request):
        raise Problem(
            403,
            f"Without a key this is for the pages of this server; this one is of {origin[:100]!r}. "
            "Send a key, or set CORDBOARD_PUBLIC_URL if that is this server.",
            kind="foreign-origin",
        )


def _forged() -> Problem:
    return Problem(
        403,
        f"Who is signed in by a cookie sends `{FORGERY_HEADER}` with every change: the "
        "`csrf_token` of `GET /api/session`.",
        kind="forged",
        title="Not asked by a page of this server",
    )


def _bearer(request: web.Request) -> str | None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" and key.strip() else None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
