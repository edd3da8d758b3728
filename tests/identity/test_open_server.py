"""A server that asks for no keys: whoever says who they are still is that one."""

from collections.abc import AsyncIterator

import pytest_asyncio

from app.keys import IDENTITY
from app.organisation import DEFAULT_ORGANISATION
from app.store import Store
from app.testing import serving
from tests.identity.asking import STRANGER, Asking, cheap_passwords, settings


@pytest_asyncio.fixture
async def asking(api_store: Store) -> AsyncIterator[Asking]:
    given = settings(api_keys=(), allow_anonymous=True)
    async with serving([], given, api_store) as running:
        running.app[IDENTITY].passwords = cheap_passwords()
        async with Asking(running, api_store) as asking:
            await asking.found()
            yield asking


async def test_whoever_does_not_say_acts_for_the_first_organisation(asking: Asking) -> None:
    anybody = await asking.nobody()
    shown = (await anybody.get("/api/session")).body

    assert (shown["kind"], shown["organisation_id"]) == ("anonymous", DEFAULT_ORGANISATION)
    assert (await anybody.patch("/api/organisation", {"name": "Open"})).status == 200
    (noted,) = await asking.store.tenant(DEFAULT_ORGANISATION).audits.list(limit=1)
    assert noted.actor == "anonymous"


async def test_a_key_and_a_cookie_still_say_for_which_one(asking: Asking) -> None:
    stranger = await asking.person(STRANGER)
    body = {"name": "x", "scopes": ["organisation:read"]}
    made = (await stranger.post("/api/keys", body)).body
    program = await asking.key(made["key"])

    assert (await stranger.get("/api/organisation")).body["name"] == "Pier"
    assert (await program.get("/api/organisation")).body["name"] == "Pier"
    assert (await program.get("/v1/calls")).status == 403
    assert (await stranger.delete("/api/session", X_CSRF_Token="")).status == 403
    await stranger.delete(f"/api/keys/{made['id']}")
    assert (await program.get("/api/organisation")).status == 401, "and is not just anybody"


async def test_a_page_from_elsewhere_is_not_anybody(asking: Asking) -> None:
    anybody = await asking.nobody()
    planted = {"Host": "rebound.example", "Origin": "http://rebound.example"}
    for headers in ({"Origin": "https://elsewhere.example"}, {"Origin": "null"}, planted):
        refused = await anybody.patch("/api/organisation", {"name": "Planted"}, **headers)
        assert (refused.status, refused.body["type"].rpartition(":")[2]) == (403, "foreign-origin")

    own = await anybody.get("/api/organisation", Origin=str(asking.running.url))
    assert own.body["name"] == "Harbour"
