"""A table of owners in every place where there can be one."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from app.bus import Bus
from app.store import new_id
from tests.bus.tables import InMemory, InRedis, InStore, Table
from tests.services.valkey import Valkey, valkey

TABLES = ("memory", "sqlite", "postgresql", "valkey")


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[Valkey]:
    """A Valkey for the whole run."""
    with valkey() as server:
        yield server


@pytest.fixture(params=TABLES)
def new_table(request: pytest.FixtureRequest) -> Table:
    if request.param == "memory":
        return InMemory()
    if request.param == "valkey":
        return InRedis(request.getfixturevalue("valkey_server").url, new_id())
    url = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    return InStore(request.getfixturevalue(url))


@pytest_asyncio.fixture
async def table(new_table: Table) -> AsyncIterator[Table]:
    """A new table."""
    yield new_table
    await new_table.close()


@pytest_asyncio.fixture
async def one(table: Table) -> Bus:
    """The bus of one node."""
    return await table.join()


@pytest_asyncio.fixture
async def two(table: Table) -> Bus:
    """The bus of another node, to the same table."""
    return await table.join()
