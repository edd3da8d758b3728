"""Rates: how often somebody may do something, counted over all nodes where they share a bus."""

import hashlib
import math
import time
from typing import TYPE_CHECKING, Any, Final

import structlog
from limits import RateLimitItem
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import RateLimiter
from limits.errors import StorageError

from app.logs import Event
from app.settings import Settings

if TYPE_CHECKING:
    from redis.asyncio import ConnectionPool

__all__ = ["Rates"]

PATIENCE: Final = 0.25
"""Seconds that a request waits for the bus at most."""
AGAIN_AFTER: Final = 2.0
"""Seconds for which a bus that did not answer is not asked again."""
MOST_CONNECTIONS: Final = 64
PREFIX: Final = "cordboard:rate"

log = structlog.get_logger()


class Rates:
    """Counts what happens by limits, each node for itself and all of them together.

    A node counts in its own memory too. So while the bus is away nobody begins anew, and a flood
    that this node refuses by itself does not reach the bus.

    Args:
        strategy: How to count.
        settings: Where the bus is, if there is one.
    """

    def __init__(self, strategy: type[RateLimiter], settings: Settings) -> None:
        self._own = strategy(MemoryStorage())
        self._pool = _pool_of(settings)
        self._shared = None if self._pool is None else strategy(_storage_over(self._pool))
        self._away_until = 0.0
        secret = settings.secret_key[0].get_secret_value() if settings.secret_key else ""
        self._key = hashlib.blake2b(secret.encode()).digest()

    async def hit(self, limit: RateLimitItem, *who: str) -> bool:
        """Count one more, if it is allowed."""
        name = self._name(who)
        if not await self._own.hit(limit, name):
            return False
        return bool(await self._asked("hit", limit, name, otherwise=True))

    async def wait(self, limit: RateLimitItem, *who: str) -> int:
        """Seconds until there may be one more, at least 1."""
        name = self._name(who)
        stats = await self._own.get_window_stats(limit, name)
        resets = [stats.reset_time]
        if (shared := await self._asked("get_window_stats", limit, name)) is not None:
            resets.append(shared.reset_time)
        return max(1, math.ceil(max(resets) - time.time()))

    async def forget(self, limit: RateLimitItem, *who: str) -> None:
        """Nothing has happened yet."""
        name = self._name(who)
        await self._own.clear(limit, name)
        await self._asked("clear", limit, name)

    async def close(self) -> None:
        """Let the connections go."""
        if self._pool is not None:
            await self._pool.aclose()

    def _name(self, who: tuple[str, ...]) -> str:
        """Addresses are nothing for a bus to know: they reach it under a name that only we make."""
        return hashlib.blake2b("\0".join(who).encode(), key=self._key, digest_size=16).hexdigest()

    async def _asked(self, what: str, *given: Any, otherwise: Any = None) -> Any:
        """What all nodes together say; ``otherwise`` while nobody can be asked."""
        if self._shared is None or time.monotonic() < self._away_until:
            return otherwise
        try:
            return await getattr(self._shared, what)(*given)
        except StorageError as error:
            log.warning(Event.RATES_COUNTED_ALONE, reason=str(error), again_after=AGAIN_AFTER)
            self._away_until = time.monotonic() + AGAIN_AFTER
            return otherwise


def _pool_of(settings: Settings) -> "ConnectionPool | None":
    if settings.bus_url is None:
        return None
    from redis.asyncio import BlockingConnectionPool  # noqa: PLC0415 - an extra

    return BlockingConnectionPool.from_url(
        settings.bus_url.get_secret_value(),
        max_connections=MOST_CONNECTIONS,
        timeout=PATIENCE,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
    )


def _storage_over(pool: "ConnectionPool") -> RedisStorage:
    return RedisStorage(
        "async+redis://",  # the pool knows where
        implementation="redispy",
        connection_pool=pool,  # type: ignore[arg-type]
        key_prefix=PREFIX,
        wrap_exceptions=True,
    )
