"""A server with a store, and people who ask it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.keys import IDENTITY
from app.store import Store
from app.testing import serving
from tests.identity.asking import Asking, cheap_passwords, settings


@pytest.fixture
def api_store(sqlite_store: Store) -> Store:
    """Where its people are; a test of both engines gives the other one."""
    return sqlite_store


@pytest_asyncio.fixture
async def asking(api_store: Store) -> AsyncIterator[Asking]:
    """A server with two organisations, and whoever asks it."""
    async with serving([], settings(), api_store) as running:
        running.app[IDENTITY].passwords = cheap_passwords()
        async with Asking(running, api_store) as asking:
            await asking.found()
            yield asking
