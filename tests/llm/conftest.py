"""Servers that play the vendors, one for all tests of a module."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from app.llm import close_clients
from tests.llm.seen import find_fault, see
from tests.llm.servers.base import LoopbackVendor
from tests.llm.vendors import SERVERS


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=SERVERS)
async def server(request: pytest.FixtureRequest) -> AsyncIterator[LoopbackVendor]:
    """A vendor's server and its SDK's client, which take longer to make than to ask."""
    found = await SERVERS[request.param]().start()
    yield found
    await close_clients()
    await found.stop()


@pytest.fixture
def vendor(server: LoopbackVendor) -> Iterator[LoopbackVendor]:
    """The server, without a script and without memory; nothing it is asked may be against rules."""
    server.forget()
    yield server
    faults = {find_fault(server.vendor, see(server.vendor, asked)) for asked in server.requests}
    assert faults <= {""}
