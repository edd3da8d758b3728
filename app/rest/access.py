"""Who may use the REST API, and how often: bearer keys, slowed failures, a rate limit per key."""

import asyncio
import hashlib
import hmac
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, NoReturn

import structlog
from aiohttp import web
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from app.identity import ALL, ANONYMOUS, SIGNED_IN, Need, Principal
from app.keys import PRINCIPAL
from app.logs import Event, pii
from app.organisation import DEFAULT_ORGANISATION
from app.rest.problems import Problem
from app.settings import Settings

__all__ = ["ACCESS", "Access", "client_address", "is_local", "require"]

FIRST_DELAY: Final = 0.05
LONGEST_DELAY: Final = 2.0
FORGET_AFTER: Final = 300.0
MOST_ADDRESSES: Final = 4096
MOST_WAITING: Final = 256
CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="cordboard"'}
HOW: Final = "`Authorization: Bearer <key>`"
WRONG_KEY: Final = {"WWW-Authenticate": 'Bearer realm="cordboard", error="invalid_token"'}
FORWARDED: Final = ("X-Forwarded-For", "Forwarded")

log = structlog.get_logger()

Network = IPv4Network | IPv6Network


@dataclass(slots=True)
class _Failures:
    count: int
    last: float


class Slowdown:
    """Makes an address wait longer with every failed key, without ever locking it out.

    Only failures wait, so whoever has a good key is not disturbed, not even from the same address.
    """

    def __init__(
        self,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sleep = sleep
        self._clock = clock
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self._waiting = 0

    async def failed(self, address: str) -> None:
        """Count a failure of this address and wait for it.

        Raises:
            Problem: 429, when too many wait already.
        """
        if self._waiting >= MOST_WAITING:
            raise _too_many(1, "Too many wrong keys at once.")
        delay = self._delay(_group(address))
        self._waiting += 1
        try:
            await self._sleep(delay)
        finally:
            self._waiting -= 1

    def _delay(self, group: str) -> float:
        now = self._clock()
        known = self._failures.pop(group, None)
        if known is None or now - known.last > FORGET_AFTER:
            known = _Failures(0, now)
        known.count, known.last = known.count + 1, now
        self._failures[group] = known
        if len(self._failures) > MOST_ADDRESSES:
            self._failures.popitem(last=False)
        return min(FIRST_DELAY * 2.0 ** min(known.count - 1, 16), LONGEST_DELAY)


class Access:
    """The door of the REST API.

    Args:
        settings: Gives keys, rate limit, trusted proxies and whether anonymous use is allowed.
        slowdown: What failed keys wait for.
    """

    def __init__(self, settings: Settings, *, slowdown: Slowdown | None = None) -> None:
        self._digests = tuple(_digest(key.get_secret_value()) for key in settings.api_keys)
        self._proxies: tuple[Network, ...] = settings.trusted_proxies
        self._slowdown = slowdown or Slowdown()
        self._limit: RateLimitItem = parse(settings.rate_limit)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self.is_open = settings.allow_anonymous and not self._digests

    async def admit(self, request: web.Request, need: Need = SIGNED_IN) -> Principal:
        """Let a request pass; from then on it says who asks: ``request[PRINCIPAL]``.

        Args:
            request: What came.
            need: What it is about to do.

        Raises:
            Problem: 401 without a good key, 403 for one that may not do this, 429 over the limit.
        """
        if self.is_open:
            principal, who = ANONYMOUS, f"address {self.address(request)}"
        elif (key := self._match(_bearer(request))) is not None:
            principal, who = _of_settings(key), f"key {key}"
        else:
            await self._refuse(request)
        await self._count(who)
        request[PRINCIPAL] = principal
        require(principal, need)
        return principal

    def address(self, request: web.Request) -> str:
        """Where the request comes from; proxies are believed only if they are trusted."""
        return client_address(request, self._proxies)

    def _match(self, given: str | None) -> int | None:
        """Which key it is. Looks at all of them, so that time tells nothing."""
        if given is None:
            return None
        digest, found = _digest(given), None
        for index, known in enumerate(self._digests):
            if hmac.compare_digest(digest, known):
                found = index
        return found

    async def _refuse(self, request: web.Request) -> NoReturn:
        if "Authorization" not in request.headers:
            raise Problem(401, f"Send an API key: {HOW}.", headers=CHALLENGE)
        address = self.address(request)
        log.warning(Event.REST_REFUSED, reason="wrong key", **pii(address=address))
        await self._slowdown.failed(address)
        raise Problem(401, f"This is no API key of this server; send {HOW}.", headers=WRONG_KEY)

    async def _count(self, who: str) -> None:
        if await self._limiter.hit(self._limit, who):
            return
        reset = (await self._limiter.get_window_stats(self._limit, who)).reset_time
        wait = max(1, math.ceil(reset - time.time()))
        raise _too_many(wait, f"The limit is {self._limit}.")


ACCESS: Final = web.AppKey("access", Access)


def require(principal: Principal, need: Need) -> None:
    """Refuse what somebody may not do.

    Raises:
        Problem: 403, which names the scope.
    """
    if not principal.may(need):
        has = ", ".join(sorted(principal.scopes)) or "none"
        detail = f"This needs the scope {need!r}; {principal.name!r} has {has}."
        raise Problem(403, detail, kind="not-allowed", title="Not allowed")


def _of_settings(index: int) -> Principal:
    """Whoever holds a key of the settings runs this server, and may do all."""
    name = f"key {index + 1} of the settings"
    return Principal(DEFAULT_ORGANISATION, "settings", "settings", name, ALL)


def client_address(request: web.Request, proxies: Iterable[Network] = ()) -> str:
    """The address of the client: the peer, or what trusted proxies say about theirs."""
    address, trusted = request.remote or "", tuple(proxies)
    hops = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
    for hop in reversed([hop.strip() for hop in hops if hop.strip()]):
        if not _is_in(address, trusted) or _parse(hop) is None:
            break
        address = hop
    return address


def is_local(request: web.Request) -> bool:
    """Whether the request comes from this machine, and not by way of a proxy on it."""
    if any(name in request.headers for name in FORWARDED):
        return False
    address = _parse(request.remote or "")
    return address is not None and address.is_loopback


def _is_in(address: str, networks: tuple[Network, ...]) -> bool:
    parsed = _parse(address)
    return parsed is not None and any(
        parsed.version == network.version and parsed in network for network in networks
    )


def _parse(address: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed


def _group(address: str) -> str:
    """What is slowed together: one IPv4 address, or an IPv6 network that one person holds."""
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((parsed, 64), strict=False))
    return address[:64]


def _bearer(request: web.Request) -> str | None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" and key.strip() else None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def _too_many(wait: int, reason: str) -> Problem:
    detail = f"{reason} Try again in {wait} s."
    return Problem(429, detail, kind="rate-limited", headers={"Retry-After": str(wait)})
