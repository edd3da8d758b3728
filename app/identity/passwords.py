"""Passwords that people choose: kept as Argon2id, computed beside the loop and a few at a time."""

import asyncio
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

__all__ = ["LEAST", "MOST", "Passwords", "TooBusy", "complaint"]

LEAST: Final = 12
MOST: Final = 256
AT_ONCE: Final = 2
"""Each takes 64 MiB and a part of a second; who else signs in waits for their turn."""
MOST_WAITING: Final = 50


def complaint(password: str, email: str = "") -> str | None:
    """What is wrong with a password that somebody has chosen; None if nothing is."""
    if not LEAST <= len(password) <= MOST:
        return f"expected {LEAST} to {MOST} characters, came {len(password)}"
    if len(set(password)) < LEAST // 3:
        return "expected something that is not the same few characters again and again"
    if password.casefold() == email:
        return "expected something else than the address"
    return None


class TooBusy(Exception):
    """Too many wait for their password to be looked at."""


class Passwords:
    """Hashes and checks passwords.

    Args:
        hasher: How; by default as the authors of Argon2 advise.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """What is kept of a password.

        Raises:
            TooBusy: Too many wait already.
        """
        async with self._turn():
            return await asyncio.to_thread(self._hasher.hash, _typed(password))

    async def check(self, password: str, hashed: str | None) -> bool:
        """Whether it is the password. Takes as long where there is none to compare with.

        Args:
            password: What came.
            hashed: What is kept; None where nobody is of that address.

        Raises:
            TooBusy: Too many wait already.
        """
        async with self._turn():
            is_right = await asyncio.to_thread(self._verify, hashed, password)
        return is_right and hashed is not None

    def is_outdated(self, hashed: str) -> bool:
        """Whether the same password should be hashed anew, since today more is advised."""
        return self._hasher.check_needs_rehash(hashed)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting >= MOST_WAITING:
            raise TooBusy
        self._waiting += 1
        try:
            async with self._turns:
                yield
        finally:
            self._waiting -= 1

    def _verify(self, hashed: str | None, password: str) -> bool:
        try:
            return self._hasher.verify(hashed or _decoy(self._hasher), _typed(password))
        except (Argon2Error, InvalidHashError):
            return False


def _typed(password: str) -> bytes:
    """The same bytes for the same letters, however a keyboard puts them together."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


@cache
def _decoy(hasher: PasswordHasher) -> str:
    """The hash of a password that nobody has."""
    return hasher.hash("nobody has this password")
