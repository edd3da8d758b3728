"""HTTP tools over REST: defined, changed, tried out; their secrets never come back."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from app.settings import Settings
from app.store import DEFAULT_ORGANISATION, Store
from app.testing import API_KEY
from tests.api.conftest import Api
from tests.web_peer import Peer, peer

SECRET_KEY = "a key of thirty-two letters, or more"


@pytest.fixture
def cordboard_settings() -> Settings:
    """That allow what is on this machine."""
    return Settings(
        port=0,
        api_keys=(SecretStr(API_KEY),),
        secret_key=(SecretStr(SECRET_KEY),),
        allow_private=("127.0.0.1",),
    )


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[Peer]:
    async with peer() as one:
        yield one


def definition(shop: Peer | None = None, **changes: Any) -> dict[str, Any]:
    """A tool as it is sent."""
    return {
        "name": "find_order",
        "description": "Find an order.",
        "url": f"{shop.url if shop else 'https://shop.example'}/orders/{{order}}",
        "secret_headers": {"Authorization": "Bearer s3cret"},
        "parameters": {
            "type": "object",
            "properties": {"order": {"type": "string", "maxLength": 5}},
            "required": ["order"],
        },
    } | changes


async def make(api: Api, body: dict[str, Any]) -> dict[str, Any]:
    answered = await api.post("/api/tools", body)
    assert answered.status == 201, answered.text
    made: dict[str, Any] = answered.json
    return made


async def test_a_tool_is_made_read_replaced_and_deleted(api: Api) -> None:
    answered = await api.post("/api/tools", definition())
    made = answered.json
    place = answered.headers["Location"]

    assert (answered.status, place) == (201, f"/api/tools/{made['id']}")
    assert (await api.get(place)).json == made
    assert (await api.get("/api/tools")).json == [made]
    changed = await api.put(place, definition(name="seek", method="POST"))
    assert (changed.json["name"], changed.json["method"]) == ("seek", "POST")
    assert changed.json["id"] == made["id"]
    assert (await api.delete(place)).status == 204
    assert (await api.get(place)).status == 404
    assert (await api.delete(place)).status == 404


async def test_a_secret_never_comes_back_and_may_be_kept(
    api: Api, shop: Peer, cordboard_store: Store
) -> None:
    shop.on("/orders/7", "{}")
    answered = await api.post("/api/tools", definition(shop))
    made, place = answered.json, answered.headers["Location"]
    assert made["secret_headers"] == {"Authorization": "***"}
    assert "s3cret" not in answered.text

    again = await api.put(place, {**definition(shop), "secret_headers": made["secret_headers"]})
    assert again.status == 200
    await api.post(f"{place}/try", {"arguments": {"order": "7"}})

    assert shop.asked[-1].headers["Authorization"] == "Bearer s3cret"
    [kept] = await cordboard_store.tenant(DEFAULT_ORGANISATION, "test").tools.list()
    assert "s3cret" not in str(kept)


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "https://elsewhere.example/{order}"},
        {"url": "http://shop.example/orders/{order}"},
        {"secret_headers": {"X-Other": "***"}},
    ],
)
async def test_a_kept_secret_does_not_go_elsewhere(api: Api, changes: dict[str, Any]) -> None:
    made = await make(api, definition())
    kept = {"secret_headers": {"Authorization": "***"}}
    answered = await api.put(f"/api/tools/{made['id']}", definition(**{**kept, **changes}))

    assert answered.status == 422
    [(field, message)] = answered.errors.items()
    assert field.startswith("secret_headers.")
    assert "give the secret" in message


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "end_call"}, "name"),
        ({"url": "https://shop.example/{other}"}, "url"),
        ({"url": "http://169.254.169.254/{order}"}, "url"),
        ({"url": "http://10.0.0.1/{order}"}, "url"),
        ({"parameters": {"type": "array"}, "url": "https://a.example/"}, "parameters.type"),
        ({"timeout": 100}, "timeout"),
        ({"headers": {"Host": "x"}}, "headers.Host"),
        ({"secret_headers": {"Authorization": "***"}}, "secret_headers.Authorization"),
    ],
)
async def test_what_is_wrong_is_named(api: Api, changes: dict[str, Any], field: str) -> None:
    answered = await api.post("/api/tools", definition(**changes))

    assert answered.status == 422, answered.text
    assert list(answered.errors) == [field]


async def test_a_name_is_taken_once(api: Api) -> None:
    await make(api, definition())
    other = await make(api, definition(name="other"))

    for answered in (
        await api.post("/api/tools", definition()),
        await api.put(f"/api/tools/{other['id']}", definition()),
    ):
        assert answered.status == 409
        assert "another tool named 'find_order'" in answered.errors["name"]


async def test_what_somebody_else_has_changed_is_not_overwritten(api: Api) -> None:
    answered = await api.post("/api/tools", definition())
    place, tag = answered.headers["Location"], answered.headers["ETag"]
    assert (await api.get(place, headers={"If-None-Match": tag})).status == 304
    assert (await api.put(place, definition(), headers={"If-Match": tag})).status == 200

    moved = await api.put(place, definition(), headers={"If-Match": tag})
    gone = await api.delete(place, headers={"If-Match": tag})

    assert (moved.status, gone.status) == (412, 412)
    assert moved.headers["ETag"] == (await api.get(place)).headers["ETag"]


async def test_a_trial_shows_what_the_model_would_get(api: Api, shop: Peer) -> None:
    shop.on("/orders/7", '{"status": "sent", "noise": 1}')
    url = f"{shop.url}/orders/{{order}}?phone={{call.number}}"
    made = await make(api, definition(url=url, result_path="status"))

    trial = {"arguments": {"order": "7"}, "call": {"number": "+15085551212"}}
    answered = await api.post(f"/api/tools/{made['id']}/try", trial)

    shown = answered.json
    assert (answered.status, shown["status"], shown["is_error"]) == (200, 200, False)
    assert shown["result"] == {"result": "sent"}
    assert shown["milliseconds"] > 0
    assert shop.asked[0].target == "/orders/7?phone=%2B15085551212"


async def test_a_trial_that_fails_says_why(api: Api, shop: Peer) -> None:
    made = await make(api, definition(shop))
    place = f"/api/tools/{made['id']}/try"

    failed = (await api.post(place, {"arguments": {"order": "7"}})).json
    assert (failed["status"], failed["is_error"]) == (404, True)
    assert failed["result"] == {"error": "It did not work: HTTP 404, nothing here."}
    shop.stall("/orders/8")
    await api.put(f"/api/tools/{made['id']}", definition(shop, timeout=0.1))
    slow = (await api.post(place, {"arguments": {"order": "8"}})).json
    assert slow["status"] is None
    assert "did not answer within 0.1 s" in slow["problem"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({}, "arguments: order is missing"),
        ({"order": "123456"}, "order: should have 5 characters or less"),
        ({"order": ".."}, "an argument may not be '.' or '..'"),
    ],
)
async def test_a_trial_with_wrong_arguments_asks_nothing(
    api: Api, shop: Peer, arguments: dict[str, Any], problem: str
) -> None:
    made = await make(api, definition(shop))
    answered = await api.post(f"/api/tools/{made['id']}/try", {"arguments": arguments})

    assert answered.status == 422
    assert answered.errors == {"arguments": problem}
    assert shop.asked == []


async def test_what_is_sent_is_json_of_a_tool(api: Api) -> None:
    assert (await api.post("/api/tools", [])).status == 422
    answered = await api.post("/api/tools", definition(colour="red"))
    assert list(answered.errors) == ["colour"]
    assert json.loads(answered.text)["status"] == 422
