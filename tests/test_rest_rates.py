"""REST requests and attempts to sign in are counted over all nodes that share a bus."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from limits import parse
from limits.aio.strategies import FixedWindowRateLimiter, SlidingWindowCounterRateLimiter
from pydantic import SecretStr
from structlog.testing import capture_logs

from app.logs import Event
from app.rest.attempts import Attempts
from app.rest.problems import Problem
from app.rest.rates import Rates
from app.settings import Settings
from tests.rest_server import AUTH, serving
from tests.services.postgres import free_port
from tests.services.valkey import Valkey, valkey

EMAIL = "owner@example.com"
THREE = parse("3/hour")


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as running:
        yield running


@pytest.fixture
async def stack(server: Valkey) -> AsyncIterator[AsyncExitStack]:
    with socket.create_connection(("127.0.0.1", server.port)) as asking:
        asking.sendall(b"FLUSHALL\r\n")
        assert asking.recv(64).startswith(b"+OK")
    async with AsyncExitStack() as stack:
        yield stack


def settings(bus_url: str, **given: object) -> Settings:
    return Settings.model_validate({"bus_url": SecretStr(bus_url), **given})


def node(stack: AsyncExitStack, url: str, *, sliding: bool = True) -> Rates:
    strategy = SlidingWindowCounterRateLimiter if sliding else FixedWindowRateLimiter
    rates = Rates(strategy, settings(url))
    stack.push_async_callback(rates.close)
    return rates


async def test_a_key_has_one_rate_on_all_nodes(stack: AsyncExitStack, server: Valkey) -> None:
    given: dict[str, Any] = {"rate_limit": "4/hour", "bus_url": SecretStr(server.url)}
    nodes = [await stack.enter_async_context(serving(**given)) for _ in range(2)]
    for each in [*nodes, *nodes]:
        assert (await each.client.get("/v1/calls", headers=AUTH)).status == 200
    for each in nodes:
        response = await each.client.get("/v1/calls", headers=AUTH)

        assert response.status == 429
        assert 1 <= int(response.headers["Retry-After"]) <= 3600


async def test_guesses_of_a_password_are_counted_on_all_nodes(
    stack: AsyncExitStack, server: Valkey
) -> None:
    nodes = [Attempts(settings(server.url)) for _ in range(2)]
    for each in nodes:
        stack.push_async_callback(each.close)
    for n in range(10):
        await nodes[n % 2].begin("192.0.2.1", EMAIL)
    for each in nodes:
        with pytest.raises(Problem, match="too many attempts"):
            await each.begin("192.0.2.1", EMAIL)

    await nodes[0].succeeded("192.0.2.1", EMAIL)
    await nodes[0].begin("192.0.2.1", EMAIL)


@pytest.mark.parametrize("sliding", [True, False])
async def test_whoever_is_refused_is_told_when_to_come_back(
    stack: AsyncExitStack, server: Valkey, sliding: bool
) -> None:
    one, other = (node(stack, server.url, sliding=sliding) for _ in range(2))
    assert [await one.hit(THREE, "key", "a") for _ in range(4)] == [True, True, True, False]
    assert not await other.hit(THREE, "key", "a")
    assert await other.hit(THREE, "key", "b")
    assert 1 <= await other.wait(THREE, "key", "a") <= 3600


async def test_a_bus_that_is_away_fails_no_request_and_each_node_counts_on_alone(
    stack: AsyncExitStack,
) -> None:
    one = node(stack, f"redis://127.0.0.1:{free_port()}")
    with capture_logs() as lines:
        assert [await one.hit(THREE, "a") for _ in range(4)] == [True, True, True, False]
        assert await one.wait(THREE, "a") >= 1
        await one.forget(THREE, "a")
        assert await one.hit(THREE, "a")

    assert [line["event"] for line in lines] == [Event.RATES_COUNTED_ALONE], "not at each request"


async def test_what_was_counted_before_the_bus_went_away_still_counts(
    stack: AsyncExitStack,
) -> None:
    with valkey() as gone:
        one = node(stack, gone.url)
        assert await one.hit(THREE, "a")
        gone.stop()

        assert [await one.hit(THREE, "a") for _ in range(3)] == [True, True, False]


async def test_nodes_count_together_again_when_the_bus_is_back(stack: AsyncExitStack) -> None:
    with valkey() as restarted:
        one, other = (node(stack, restarted.url) for _ in range(2))
        restarted.stop()
        assert await one.hit(THREE, "a")
        restarted.start()
        one._away_until = 0.0  # as if some seconds had passed

        assert await one.hit(THREE, "a")
        assert await one.hit(THREE, "a")
        assert await other.hit(THREE, "a")  # the two that the bus saw, and this one
        assert not await other.hit(THREE, "a")


async def test_a_bus_that_hangs_is_waited_for_once_and_not_for_long(
    stack: AsyncExitStack,
) -> None:
    with valkey() as frozen:
        one = node(stack, frozen.url)
        assert await one.hit(THREE, "a")
        frozen.freeze()
        async with asyncio.timeout(2):
            assert await one.hit(THREE, "a")
        async with asyncio.timeout(0.2):
            assert await one.hit(THREE, "a")
        frozen.wake()


async def test_no_address_reaches_the_bus(stack: AsyncExitStack, server: Valkey) -> None:
    one = node(stack, server.url)
    await one.hit(THREE, "account", EMAIL)
    with socket.create_connection(("127.0.0.1", server.port)) as asking:
        asking.sendall(b"KEYS *\r\n")
        known = asking.recv(4096)

    assert b"cordboard:rate" in known
    assert b"owner" not in known
