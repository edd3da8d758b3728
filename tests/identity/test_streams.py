"""An event stream ends when whoever reads it would not be let in any more."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from app.keys import FEED
from app.organisation import DEFAULT_ORGANISATION, call_key
from app.rest import stream
from tests.identity.asking import PASSWORD, Asking, Client
from tests.identity.test_keys_api import make_key

CALL = "5f3c8c2a-2a0b-4f5e-9a55-6f3b1f0d2c11"


@pytest.fixture(autouse=True)
def _look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LOOK_AGAIN", 0.0)
    monkeypatch.setattr(stream, "KEEP_ALIVE", 0.05)
    monkeypatch.setattr(stream, "GLANCE", 0.02)


async def follow(asking: Asking, client: Client) -> aiohttp.ClientResponse:
    """Begin to watch a call, and hear its first event."""
    feed = asking.running.app[FEED]
    feed.keep(call_key(DEFAULT_ORGANISATION, CALL))
    feed.publish(call_key(DEFAULT_ORGANISATION, CALL), "session", {"type": "session:new"})
    path = f"/v1/calls/{CALL}/events"
    response = await client.http.get(path, headers=client.headers)
    assert response.status == 200
    async for line in response.content:
        if b"session:new" in line:
            return response
    raise AssertionError("the stream has ended")


async def rest_of(asking: Asking, response: aiohttp.ClientResponse) -> bytes:
    """What comes after something that was said later, up to the end of the stream."""
    feed = asking.running.app[FEED]
    feed.publish(call_key(DEFAULT_ORGANISATION, CALL), "event", {"said": "in confidence"})
    async with asyncio.timeout(10):
        return await response.read()


async def revoke(asking: Asking) -> tuple[Client, Callable[[], Awaitable[object]]]:
    owner = await asking.person()
    made = await make_key(owner, ["calls:read"])
    return await asking.key(made["key"]), lambda: owner.delete(f"/api/keys/{made['id']}")


async def narrow(asking: Asking) -> tuple[Client, Callable[[], Awaitable[object]]]:
    owner = await asking.person()
    made = await make_key(owner, ["calls:read"])
    scopes = {"scopes": ["records:read"]}
    return await asking.key(made["key"]), lambda: owner.patch(f"/api/keys/{made['id']}", scopes)


async def sign_out(asking: Asking) -> tuple[Client, Callable[[], Awaitable[object]]]:
    person = await asking.person()
    return person, lambda: person.delete("/api/session")


async def remove(asking: Asking) -> tuple[Client, Callable[[], Awaitable[object]]]:
    owner = await asking.person()
    invited = {"email": "viewer@example.com", "name": "", "role": "viewer"}
    made = (await owner.post("/api/people", invited)).body
    chosen = {"token": made["password_token"], "new_password": PASSWORD}
    await owner.post("/api/password", chosen)
    viewer = await asking.person("viewer@example.com")
    return viewer, lambda: owner.delete(f"/api/people/{made['id']}")


@pytest.mark.parametrize("end", [revoke, narrow, sign_out, remove])
async def test_a_stream_tells_nothing_more_to_who_may_not_watch_any_longer(
    end: Callable[[Asking], Awaitable[tuple[Client, Callable[[], Awaitable[object]]]]],
    asking: Asking,
) -> None:
    client, work = await end(asking)
    response = await follow(asking, client)
    await work()

    assert b"in confidence" not in await rest_of(asking, response)


async def test_a_stream_goes_on_for_who_may_watch(asking: Asking) -> None:
    response = await follow(asking, await asking.person())
    asking.running.app[FEED].publish(
        call_key(DEFAULT_ORGANISATION, CALL), "event", {"said": "in confidence"}
    )

    async with response, asyncio.timeout(10):
        async for line in response.content:
            if b"in confidence" in line:
                return
    raise AssertionError("the stream has ended")
