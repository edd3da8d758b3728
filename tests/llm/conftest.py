"""Servers that play the vendors, one for all tests of a module, or a real vendor in their place."""

from collections.abc import AsyncIterator, Iterator
from typing import cast

import pytest
import pytest_asyncio

from app.llm import close_clients, forbid_real_requests
from tests.llm.live import SCRIPTED, LiveVendor, keys
from tests.llm.seen import find_fault, see
from tests.llm.servers.base import LoopbackVendor
from tests.llm.vendors import SERVERS

LIVE = "--live"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--live groq` or `--live groq:MODEL` asks the real vendor."""
    parser.addoption(LIVE, metavar="VENDOR", default="", help="ask this vendor, and not a server")


def pytest_configure(config: pytest.Config) -> None:
    """Say at once where there is no key to ask with."""
    if live := config.getoption(LIVE, ""):
        LiveVendor(live, keys())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask every vendor, or the one that is named."""
    if "server" in metafunc.fixturenames:
        live = metafunc.config.getoption(LIVE, "")
        metafunc.parametrize("server", [live] if live else SERVERS, indirect=True, scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(request: pytest.FixtureRequest) -> AsyncIterator[LoopbackVendor]:
    """A vendor's server and its SDK's client, which take longer to make than to ask."""
    if request.config.getoption(LIVE, ""):
        forbid_real_requests(forbidden=False)
        yield cast("LoopbackVendor", LiveVendor(request.param, keys()))
        forbid_real_requests()
        await close_clients()
        return
    found = await SERVERS[request.param]().start()
    yield found
    await close_clients()
    await found.stop()


@pytest.fixture
def vendor(server: LoopbackVendor) -> Iterator[LoopbackVendor]:
    """The server, without a script and without memory; nothing it is asked may be against rules."""
    server.forget()
    yield server
    if isinstance(server, LoopbackVendor):
        asked = [see(server.vendor, each) for each in server.requests]
        assert {find_fault(server.vendor, each) for each in asked} <= {""}


@pytest.fixture
def scripted(vendor: LoopbackVendor) -> LoopbackVendor:
    """The same, for a test that means nothing to a real vendor."""
    if isinstance(vendor, LiveVendor):
        pytest.skip(SCRIPTED)
    return vendor
