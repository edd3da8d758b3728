"""Fixtures of the store, on both real engines."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from app.store import DEFAULT_ORGANISATION, Store, Tenant, new_id, open_store
from app.store.tables.organisations import ORGANISATIONS
from app.store.types import now
from tests.services.postgres import Postgres, postgres

TEMPLATE = "template_of_tests"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A PostgreSQL for the whole run, with a database that has the schema."""
    with postgres() as server:
        asyncio.run(make_template(server))
        yield server


async def make_template(server: Postgres) -> None:
    await order(server, f"CREATE DATABASE {TEMPLATE}")
    await (await open_store(server.url(TEMPLATE))).close()


async def order(server: Postgres, words: str) -> None:
    connection = await asyncpg.connect(server.url())
    try:
        await connection.execute(words)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that has the schema."""
    path = tmp_path_factory.mktemp("store") / "template.db"

    async def make() -> None:
        await (await open_store(f"sqlite:///{path}")).close()

    asyncio.run(make())
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a new store in SQLite."""
    path = tmp_path / "cordboard.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest_asyncio.fixture
async def postgres_url(postgres_server: Postgres) -> AsyncIterator[str]:
    """The address of a new store in PostgreSQL."""
    name = f"test_{new_id().replace('-', '')}"
    await order(postgres_server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield postgres_server.url(name)
    await order(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The address of a new store, on either engine."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest_asyncio.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    """An open store, on either engine."""
    store = await open_store(store_url)
    yield store
    await store.close()


@pytest_asyncio.fixture
async def sqlite_store(sqlite_url: str) -> AsyncIterator[Store]:
    """An open store, for what does not depend on the engine."""
    store = await open_store(sqlite_url)
    yield store
    await store.close()


@pytest.fixture
def tenant(store: Store) -> Tenant:
    """What the default organisation has."""
    return store.tenant(DEFAULT_ORGANISATION, "test")


@pytest_asyncio.fixture
async def other_tenant(store: Store) -> Tenant:
    """What another organisation has, in the same store."""
    return await another_tenant(store)


async def another_tenant(store: Store, name: str = "Another") -> Tenant:
    """A new organisation."""
    organisation_id = new_id()
    row = {"id": organisation_id, "name": name, "settings": {}, "secrets": {}}
    async with store.writing() as connection:
        moments = {"created_at": now(), "updated_at": now()}
        await connection.execute(ORGANISATIONS.insert().values(**row, **moments))
    return store.tenant(organisation_id, "test")
