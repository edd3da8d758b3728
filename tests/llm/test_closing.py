"""Who opens connections to vendors closes them: the server at its end, a command at its own."""

import gc
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app import Application
from app.llm.bedrock.threads import THREADS
from app.llm.clients import shelf
from app.llm.running import reading
from app.server import serving
from app.settings import Settings
from tests.llm.asking import ask
from tests.llm.hearing import hear
from tests.llm.servers.base import LoopbackVendor
from tests.llm.vendors import SERVERS


@pytest_asyncio.fixture(params=["openai", "groq", "anthropic", "google", "bedrock"])
async def vendor(request: pytest.FixtureRequest) -> AsyncIterator[LoopbackVendor]:
    """One of each SDK."""
    server = await SERVERS[request.param]().start()
    yield server
    await server.stop()


async def test_the_end_of_the_server_closes_the_clients_of_its_handlers(
    vendor: LoopbackVendor,
) -> None:
    async with serving([Application("/desk")], Settings(allow_anonymous=True, port=0)):
        heard = await hear(vendor.connect(), ask())
        assert heard.text == "Hello there"
        assert len(shelf()) == 1

    assert (len(shelf()), reading(), THREADS.busy) == (0, 0, 0)
    gc.collect()  # what was left open would be a ResourceWarning, which is an error here
