import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from app.rest.address import client_address, is_local
from app.rest.problems import Problem
from app.rest.slowdown import LONGEST_DELAY, MOST_ADDRESSES, MOST_WAITING, Slowdown
from app.settings import Settings
from tests.rest_server import AUTH, KEY, Rest, serving


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with serving() as server:
        yield server


class Transport:
    """As much of a transport as a request asks about its peer."""

    def __init__(self, peer: str) -> None:
        self.peer = peer

    def get_extra_info(self, name: str, default: object = None) -> object:
        return (self.peer, 4711) if name == "peername" else default


def asking(peer: str, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return make_mocked_request("GET", "/", headers=named, transport=Transport(peer))


@pytest.mark.parametrize("path", ["/v1/calls", "/v1/calls/x", "/v1/calls/x/events"])
async def test_without_a_key_there_is_no_way_in(rest: Rest, path: str) -> None:
    response = await rest.client.get(path)

    assert response.status == 401
    assert response.content_type == "application/problem+json"
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")
    assert rest.delays == []


@pytest.mark.parametrize(
    "header", ["Bearer wrong", f"Bearer {KEY}x", f"Basic {KEY}", KEY, "Bearer", "Bearer  ", "ä ö"]
)
async def test_a_wrong_key_is_refused(rest: Rest, header: str) -> None:
    response = await rest.client.get("/v1/calls", headers={"Authorization": header})

    assert response.status == 401
    assert "invalid_token" in response.headers["WWW-Authenticate"]
    assert KEY not in await response.text()


async def test_the_scheme_may_be_written_in_any_case(rest: Rest) -> None:
    response = await rest.client.get("/v1/calls", headers={"Authorization": f"bearer {KEY}"})

    assert response.status == 200


async def test_each_of_several_keys_opens() -> None:
    async with serving(api_keys=("first", "second")) as rest:
        for key in ("first", "second"):
            headers = {"Authorization": f"Bearer {key}"}
            assert (await rest.client.get("/v1/calls", headers=headers)).status == 200


async def test_wrong_keys_are_slowed_more_and_more_but_never_locked_out(rest: Rest) -> None:
    for _ in range(10):
        await rest.client.get("/v1/calls", headers={"Authorization": "Bearer wrong"})

    assert rest.delays == sorted(rest.delays)
    assert rest.delays[0] < 0.1
    assert rest.delays[-1] == LONGEST_DELAY
    assert (await rest.client.get("/v1/calls", headers=AUTH)).status == 200
    assert len(rest.delays) == 10


async def test_a_server_without_keys_is_closed_unless_anonymous_use_is_allowed() -> None:
    async with serving(api_keys=()) as rest:
        assert (await rest.client.get("/v1/calls")).status == 401
    async with serving(api_keys=(), allow_anonymous=True) as rest:
        assert (await rest.client.get("/v1/calls")).status == 200
    async with serving(allow_anonymous=True) as rest:
        assert (await rest.client.get("/v1/calls")).status == 401


async def test_a_key_over_its_rate_is_told_when_to_come_back() -> None:
    async with serving(api_keys=("first", "second"), rate_limit="3/hour") as rest:
        first = {"Authorization": "Bearer first"}
        for _ in range(3):
            assert (await rest.client.get("/v1/calls", headers=first)).status == 200
        response = await rest.client.get("/v1/calls", headers=first)

        assert response.status == 429
        assert 1 <= int(response.headers["Retry-After"]) <= 3600
        assert "3 per 1 hour" in (await response.json(content_type=None))["detail"]
        second = {"Authorization": "Bearer second"}
        assert (await rest.client.get("/v1/calls", headers=second)).status == 200


async def test_anonymous_clients_have_a_rate_by_address() -> None:
    async with serving(api_keys=(), allow_anonymous=True, rate_limit="1/hour") as rest:
        assert (await rest.client.get("/v1/calls")).status == 200
        assert (await rest.client.get("/v1/calls")).status == 429


async def test_addresses_are_slowed_apart_from_each_other() -> None:
    delays: list[float] = []

    async def sleep(seconds: float) -> None:
        delays.append(seconds)

    slowdown = Slowdown(sleep=sleep)
    for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"):
        await slowdown.failed(address)

    assert delays == [0.05, 0.1, 0.05, 0.05, 0.1]  # an IPv6 network belongs to one person


async def test_an_address_that_was_good_for_long_enough_starts_anew() -> None:
    delays: list[float] = []
    now = 0.0

    async def sleep(seconds: float) -> None:
        delays.append(seconds)

    slowdown = Slowdown(sleep=sleep, clock=lambda: now)
    await slowdown.failed("192.0.2.1")
    now = 301.0
    await slowdown.failed("192.0.2.1")

    assert delays == [0.05, 0.05]


async def test_remembered_addresses_are_bounded() -> None:
    async def sleep(seconds: float) -> None:
        pass

    slowdown = Slowdown(sleep=sleep)
    for n in range(MOST_ADDRESSES + 100):
        await slowdown.failed(f"10.0.{n // 256}.{n % 256}")

    assert len(slowdown._failures) == MOST_ADDRESSES


async def test_failures_that_wait_are_bounded() -> None:
    blocked = asyncio.Event()

    async def sleep(seconds: float) -> None:
        await blocked.wait()

    slowdown = Slowdown(sleep=sleep)
    waiting = [asyncio.create_task(slowdown.failed("192.0.2.1")) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Problem) as refused:
        await slowdown.failed("192.0.2.1")
    blocked.set()
    await asyncio.gather(*waiting)

    assert refused.value.document.status == 429
    await slowdown.failed("192.0.2.1")


PROXIES = Settings(trusted_proxies="10.0.0.0/8, 2001:db8::/32").trusted_proxies


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("2001:db8::1", "2001:db9::7", "2001:db9::7"),
    ],
)
def test_only_trusted_proxies_are_believed(peer: str, forwarded: str, address: str) -> None:
    request = asking(peer, X_Forwarded_For=forwarded)

    assert client_address(request, PROXIES) == address


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("::ffff:127.0.0.1", {}, True),
        ("192.0.2.1", {}, False),
        ("127.0.0.1", {"X_Forwarded_For": "192.0.2.1"}, False),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.1"}, False),
        ("", {}, False),
    ],
)
def test_local_is_who_comes_from_this_machine_without_a_proxy(
    peer: str, headers: dict[str, str], expected: bool
) -> None:
    assert is_local(asking(peer, **headers)) is expected
