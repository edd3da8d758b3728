"""A web server of the organisation, and a client that may reach it."""

from collections.abc import AsyncIterator

import pytest

from app.outward import Outward
from tests.web_peer import Peer, peer


@pytest.fixture
async def crm() -> AsyncIterator[Peer]:
    async with peer() as one:
        yield one


@pytest.fixture
async def outward() -> AsyncIterator[Outward]:
    one = Outward(["127.0.0.1"])
    yield one
    await one.close()
