"""The look-up of an organisation, tried out."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from app.settings import Settings
from app.testing import API_KEY
from tests.api.conftest import Api
from tests.web_peer import Peer, peer

PLACE = "/api/organisation/lookup/try"
NUMBER = {"phone_number": "+1 508 555 1212"}


@pytest.fixture
def cordboard_settings() -> Settings:
    """That allow what is on this machine."""
    return Settings(port=0, api_keys=(SecretStr(API_KEY),), allow_private=("127.0.0.1",))


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[Peer]:
    async with peer() as one:
        yield one


async def point(api: Api, url: str, **changes: Any) -> None:
    told = {"client_lookup_url": url, "client_lookup_secret": "s3cret", **changes}
    answered = await api("PATCH", "/api/organisation", told)
    assert answered.status == 200, answered.text


async def test_what_came_is_shown(api: Api, shop: Peer) -> None:
    shop.on("/people", '{"name": "Mrs Kofi"}')
    await point(api, f"{shop.url}/people?tenant=7", client_lookup_header="X-Desk")
    answered = await api.post(PLACE, NUMBER)

    shown = answered.json
    assert (answered.status, shown["status"]) == (200, 200)
    assert (shown["body"], shown["problem"]) == ('{"name": "Mrs Kofi"}', "")
    [asked] = shop.asked
    assert asked.target == "/people?tenant=7&phone=%2B1%20508%20555%201212"
    assert asked.headers["X-Desk"] == "s3cret"
    assert "s3cret" not in answered.text


async def test_a_failure_is_shown_with_the_reason(api: Api, shop: Peer) -> None:
    await point(api, f"{shop.url}/people")
    assert (await api.post(PLACE, NUMBER)).json["status"] == 404

    await point(api, "http://10.0.0.1/people")
    shown = (await api.post(PLACE, NUMBER)).json
    assert shown["status"] is None
    assert "CORDBOARD_ALLOW_PRIVATE" in shown["problem"]


async def test_without_an_address_there_is_nothing_to_try(api: Api) -> None:
    answered = await api.post(PLACE, NUMBER)

    assert answered.status == 409
    assert "client_lookup_url" in answered.json["detail"]


@pytest.mark.parametrize("number", ["", " ", "+1\n508", 7])
async def test_a_number_is_a_short_text(api: Api, number: Any) -> None:
    answered = await api.post(PLACE, {"phone_number": number})

    assert (answered.status, list(answered.errors)) == (422, ["phone_number"])
