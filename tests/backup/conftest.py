"""A second store, and a file to carry the first one over."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from app.store import Store, new_id, open_store
from tests.services.postgres import Postgres
from tests.store_fixtures import TEMPLATE, order


@pytest.fixture(params=["sqlite", "postgresql"])
def target_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a second store, whatever the engine of the first."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/target/cordboard.db"
    url: str = request.getfixturevalue("second_postgres_url")
    return url


@pytest_asyncio.fixture
async def second_postgres_url(postgres_server: Postgres) -> AsyncIterator[str]:
    name = f"test_{new_id().replace('-', '')}"
    await order(postgres_server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield postgres_server.url(name)
    await order(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest_asyncio.fixture
async def target(target_url: str) -> AsyncIterator[Store]:
    store = await open_store(target_url)
    yield store
    await store.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.zip"
