"""The keys and credentials of all organisations in memory, to be looked at without waiting.

A node loads them when it starts and whenever they have changed: its own changes at once, those of
other nodes within seconds.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog

from app.identity.principal import Principal
from app.identity.scopes import ALL
from app.identity.tokens import KEY_PREFIX, digest_of
from app.logs import Event
from app.store import StoreUnavailable, now
from app.store.access import ApiKey, WsCredential
from app.store.directory import Directory

__all__ = ["Ring"]

EVERY: Final = 2.0
"""Seconds between two looks at what other nodes have changed."""

log = structlog.get_logger()


class Ring:
    """What opens doors.

    Args:
        directory: Where it stands.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._version: int | None = None
        self._keys: Mapping[str, ApiKey] = {}
        self._logins: Mapping[str, WsCredential] = {}
        self._turn = asyncio.Lock()

    def find_key(self, key: str) -> Principal | None:
        """Whose key it is; None where it opens nothing, or does no longer."""
        if not key.startswith(KEY_PREFIX):
            return None
        known = self._keys.get(digest_of(key))
        if known is None or (known.expires_at is not None and known.expires_at <= now()):
            return None
        scopes = ALL & set(known.scopes)
        return Principal(known.organisation_id, f"key:{known.id}", "key", known.name, scopes)

    def find(self, user: str) -> WsCredential | None:
        """Who has this user name at a WebSocket."""
        return self._logins.get(user)

    async def refresh(self) -> None:
        """Load what has changed, if anything has.

        Raises:
            StoreUnavailable: What was loaded before stays.
        """
        async with self._turn:
            version = await self._directory.access_version()
            if version == self._version:
                return
            keys, logins = await self._directory.access()
            self._keys = {one.digest: one for one in keys}
            self._logins = {one.user_name: one for one in logins}
            self._version = version

    async def keep(self) -> None:
        """Refresh for ever; while the store is away, what is known stays good."""
        is_away = False
        while True:
            try:
                await self.refresh()
                is_away = False
            except StoreUnavailable as error:
                if not is_away:
                    log.warning(Event.KEYS_NOT_REFRESHED, reason=str(error))
                is_away = True
            except Exception:
                log.exception(Event.KEYS_NOT_REFRESHED)
            await asyncio.sleep(EVERY)
