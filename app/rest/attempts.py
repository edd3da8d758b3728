"""How often somebody may try to sign in: by address, by account, and by both."""

from typing import Final

from aiohttp import web
from limits import RateLimitItem, parse
from limits.aio.strategies import FixedWindowRateLimiter

from app.rest.address import group_of
from app.rest.rates import Rates
from app.rest.slowdown import too_many
from app.settings import Settings

__all__ = ["ATTEMPTS", "Attempts"]

FOR_ADDRESS: Final = "60/5 minutes"
FOR_ACCOUNT: Final = "100/hour"
FOR_BOTH: Final = "10/5 minutes"
"""Whoever guesses uses this up and not what the person has, who comes from elsewhere."""


class Attempts:
    """Counts attempts to sign in; the password is looked at only where one more is allowed.

    They are counted before the password is checked: many that come at once are all counted.

    Args:
        settings: Where the bus is by which nodes count together.
    """

    def __init__(self, settings: Settings) -> None:
        self._rates = Rates(FixedWindowRateLimiter, settings)
        self._for_address = parse(FOR_ADDRESS)
        self._for_account = parse(FOR_ACCOUNT)
        self._for_both = parse(FOR_BOTH)

    async def begin(self, address: str, email: str = "") -> None:
        """Count one more.

        Args:
            address: Where it comes from.
            email: Whose account it is about; none where a token tells.

        Raises:
            Problem: 429, when there were too many.
        """
        group = group_of(address)
        await self._count(self._for_address, "address", group)
        if email:
            await self._count(self._for_both, "both", group, email)
            await self._count(self._for_account, "account", email)

    async def succeeded(self, address: str, email: str) -> None:
        """Forget those before: it was the person."""
        await self._rates.forget(self._for_both, "both", group_of(address), email)
        await self._rates.forget(self._for_account, "account", email)

    async def close(self) -> None:
        """Let go of the bus."""
        await self._rates.close()

    async def _count(self, limit: RateLimitItem, *who: str) -> None:
        if not await self._rates.hit(limit, *who):
            wait = await self._rates.wait(limit, *who)
            raise too_many(wait, "There were too many attempts to sign in.")


ATTEMPTS: Final = web.AppKey("attempts", Attempts)
