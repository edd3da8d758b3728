"""Which bus a node gets, and what is said where it can have none."""

import sys
from collections.abc import Iterator

import pytest

from app.bus import BusUnavailable, StoreBus, open_bus
from app.bus.redis import RedisBus
from app.protocol import ConfigurationError
from app.store import Store
from tests.bus.tables import node
from tests.services.postgres import free_port
from tests.services.valkey import Valkey


@pytest.fixture
def locked_server() -> Iterator[Valkey]:
    """A server with a password."""
    server = Valkey(free_port())
    try:
        server.start("--requirepass", "p/ss")
        yield server
    finally:
        server.stop()


async def test_without_an_address_the_bus_is_in_the_store(sqlite_store: Store) -> None:
    assert isinstance(open_bus(None, sqlite_store), StoreBus)


async def test_an_address_of_redis_is_connected_when_it_is_used(
    sqlite_store: Store, locked_server: Valkey
) -> None:
    bus = open_bus(f"redis://default:p%2Fss@127.0.0.1:{locked_server.port}/0", sqlite_store)
    await bus.renew(node("one"))

    assert isinstance(bus, RedisBus)
    assert await bus.nodes() == [node("one")]
    await bus.close()


@pytest.mark.parametrize("password", ["", ":wr0ng@"])
async def test_a_password_that_is_not_right_is_told_but_not_shown(
    password: str, sqlite_store: Store, locked_server: Valkey
) -> None:
    bus = open_bus(f"redis://{password}127.0.0.1:{locked_server.port}", sqlite_store)

    with pytest.raises(BusUnavailable, match=r"(?i)auth|password") as raised:
        await bus.renew(node("one"))
    assert "wr0ng" not in str(raised.value)
    await bus.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1",
        "redis://:s3cret/and@127.0.0.1",
        "redis://:s3cret@127.0.0.1:port",
        "redis://:s3cret@127.0.0.1/name",
        "redis://:s3cret@127.0.0.1?no_such_option=1",
        "rediss://:s3cret@127.0.0.1?ssl_cert_reqs=s3cret",
    ],
)
async def test_an_address_that_cannot_be_read_is_explained(url: str, sqlite_store: Store) -> None:
    with pytest.raises(ConfigurationError, match="expected redis://:password@host") as raised:
        open_bus(url, sqlite_store)
    assert "s3cret" not in str(raised.value)


async def test_a_package_that_is_not_installed_is_named(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "app.bus.redis")
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)

    with pytest.raises(ConfigurationError, match=r"pip install 'cordboard\[redis\]'"):
        open_bus("redis://127.0.0.1", sqlite_store)
