"""Webhooks over REST: made, changed, tried out, and what became of each message."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from app.settings import Settings
from app.store import DEFAULT_ORGANISATION, Store, Tenant, new_id
from app.testing import API_KEY
from app.webhooks import sign
from tests.api.conftest import Answered, Api
from tests.store_fixtures import another_tenant
from tests.web_peer import Peer, peer
from tests.webhooks.desk import SECRET_KEY, announce, many

PATIENCE = 10.0
URL = "https://example.com/hear"


@pytest.fixture
def cordboard_settings() -> Settings:
    """That allow what is on this machine."""
    return Settings(
        port=0,
        api_keys=(SecretStr(API_KEY),),
        secret_key=(SecretStr(SECRET_KEY),),
        allow_private=("127.0.0.1",),
    )


@pytest.fixture
def own(cordboard_store: Store) -> Tenant:
    """What the organisation of the key has."""
    return cordboard_store.tenant(DEFAULT_ORGANISATION, "test")


@pytest_asyncio.fixture
async def far() -> AsyncIterator[Peer]:
    """Who is told."""
    async with peer() as one:
        yield one


def webhook(url: str = URL, **changes: Any) -> dict[str, Any]:
    """A webhook as it is sent."""
    return {"url": url, "events": ["call.started", "call.ended"]} | changes


async def make(api: Api, url: str = URL, **changes: Any) -> dict[str, Any]:
    answered = await api.post("/api/webhooks", webhook(url, **changes))
    assert answered.status == 201, answered.text
    made: dict[str, Any] = answered.json
    return made


async def heard(far: Peer, number: int = 1) -> None:
    """Wait until it was told so often."""
    async with asyncio.timeout(PATIENCE):
        while len(far.asked) < number:
            far.came.clear()
            await far.came.wait()


async def over(api: Api, webhook_id: str) -> dict[str, Any]:
    """The newest message, once nothing of it waits."""
    async with asyncio.timeout(PATIENCE):
        while True:
            (one, *_) = (await api.get(f"/api/webhooks/{webhook_id}/deliveries")).json
            if one["status"] != "waiting":
                assert isinstance(one, dict)
                return one


async def test_a_secret_is_shown_when_it_is_made_and_never_again(api: Api) -> None:
    made = await make(api)
    shown = (await api.get(f"/api/webhooks/{made['id']}")).json

    assert made["secret"].startswith("whsec_")
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert (await api.get("/api/webhooks")).json == [shown]
    assert shown["events"] == ["call.started", "call.ended"]
    assert shown["is_active"] is True


async def test_the_store_does_not_hold_the_secret_in_plain(api: Api, own: Tenant) -> None:
    made = await make(api)
    (kept,) = await own.webhooks.list()

    assert made["secret"] not in str(kept)


async def test_the_audit_log_tells_who_made_it_and_no_secret(api: Api, own: Tenant) -> None:
    made = await make(api)
    await api.post(f"/api/webhooks/{made['id']}/secret")
    await api.put(f"/api/webhooks/{made['id']}", webhook(is_active=False))
    await api.delete(f"/api/webhooks/{made['id']}")
    entries = await own.audits.list(limit=10)
    told = [(one.action, one.noun) for one in entries if one.noun == "webhook"]

    assert told == [(one, "webhook") for one in ("delete", "change", "rotate", "create")]
    assert "whsec_" not in str(entries)
    assert "gAAAA" not in str(entries)


async def test_a_change_replaces_all_but_the_secret(api: Api) -> None:
    made = await make(api)
    path = f"/api/webhooks/{made['id']}"
    changed = await api.put(path, webhook(f"{URL}/2", events=["call.ended"], is_active=False))

    assert changed.json["url"] == f"{URL}/2"
    assert changed.json["events"] == ["call.ended"]
    assert changed.json["is_active"] is False
    assert (await api.get(path)).json == changed.json


async def test_what_is_deleted_is_gone(api: Api) -> None:
    made = await make(api)
    path = f"/api/webhooks/{made['id']}"

    assert (await api.delete(path)).status == 204
    assert (await api.delete(path)).status == 404
    assert (await api.get(path)).status == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": "http://169.254.169.254/latest"}, "url"),
        ({"url": "http://10.0.0.1/hear"}, "url"),
        ({"url": "ftp://example.com/hear"}, "url"),
        ({"url": "https://user:secret@example.com/"}, "url"),
        ({"url": "https://example.com/\u0000"}, "url"),
        ({"url": "x" * 2001}, "url"),
        ({"events": []}, "events"),
        ({"events": ["call.ended", "call.ended"]}, "events"),
        ({"events": ["call.eded"]}, "events[0]"),
        ({"is_active": "yes"}, "is_active"),
        ({"secret": "of my own"}, "secret"),
    ],
)
async def test_what_is_wrong_is_named_by_its_field(
    api: Api, changes: dict[str, Any], field: str
) -> None:
    refused = await api.post("/api/webhooks", webhook() | changes)

    assert refused.status == 422, refused.text
    assert [*refused.errors] == [field]


async def test_there_is_a_most(api: Api) -> None:
    for _ in range(20):
        await make(api)
    refused = await api.post("/api/webhooks", webhook())

    assert refused.status == 409
    assert "20 webhooks at most" in refused.json["detail"]


async def test_a_ping_tries_it_out(api: Api, far: Peer) -> None:
    made = await make(api, far.on("/hear", ""))
    sent = await api.post(f"/api/webhooks/{made['id']}/ping")
    await heard(far)
    (asked,) = far.asked
    signed = asked.headers["Cordboard-Signature"]
    moment = int(signed.removeprefix("t=").partition(",")[0])

    assert sent.status == 202
    assert (sent.json["event"], sent.json["status"]) == ("ping", "waiting")
    assert json.loads(asked.body)["type"] == "ping"
    assert signed == sign(asked.body.encode(), moment, [made["secret"]])
    assert (await over(api, made["id"]))["answered"] == 200


async def test_a_new_secret_signs_beside_the_one_before(api: Api, far: Peer) -> None:
    first = await make(api, far.on("/hear", ""))
    second = (await api.post(f"/api/webhooks/{first['id']}/secret")).json
    await api.post(f"/api/webhooks/{first['id']}/ping")
    await heard(far)
    (asked,) = far.asked
    signed = asked.headers["Cordboard-Signature"]
    moment = int(signed.removeprefix("t=").partition(",")[0])
    until = datetime.fromisoformat(second["old_secret_until"])

    assert signed == sign(asked.body.encode(), moment, [second["secret"], first["secret"]])
    assert timedelta(hours=23) < until - datetime.now(UTC) <= timedelta(hours=24)


async def test_what_is_in_vain_says_why_and_can_be_sent_again(api: Api, far: Peer) -> None:
    made = await make(api, far.on("/hear", "", status=500), is_active=False)
    await api.post(f"/api/webhooks/{made['id']}/ping")
    failed = await over(api, made["id"])
    await api.put(f"/api/webhooks/{made['id']}", webhook(far.on("/hear", "")))
    path = f"/api/webhooks/{made['id']}/deliveries/{failed['id']}/redeliver"
    again = await api.post(path)
    await heard(far)
    done = await over(api, made["id"])

    assert (failed["status"], failed["error"]) == ("failed", "the webhook is switched off")
    assert (again.status, again.json["status"], again.json["attempts"]) == (202, "waiting", 0)
    assert (done["status"], done["id"]) == ("delivered", failed["id"])


async def test_deliveries_come_in_pages(api: Api, own: Tenant) -> None:
    made = await make(api)
    await announce(own, *many(5))
    path = f"/api/webhooks/{made['id']}/deliveries"
    everything = (await api.get(path)).json
    pages: list[Answered] = [await api.get(f"{path}?limit=2")]
    while link := pages[-1].headers.get("Link"):
        pages.append(await api.get(link.split(">")[0].removeprefix("<")))

    assert [len(page.json) for page in pages] == [2, 2, 1]
    ids = [one["id"] for page in pages for one in page.json]
    assert ids == [one["id"] for one in everything]
    assert (await api.get(f"{path}?status=failed")).json == []


async def test_what_is_not_there_is_named(api: Api, cordboard_store: Store) -> None:
    """Another organisation's are not there either."""
    other = await another_tenant(cordboard_store)
    theirs = await other.webhooks.create(url=URL, events=["call.ended"], sealed="x")
    assert theirs is not None
    for webhook_id in (new_id(), theirs.id):
        path = f"/api/webhooks/{webhook_id}"
        answers = [
            await api.get(path),
            await api.put(path, webhook()),
            await api.delete(path),
            await api.post(f"{path}/secret"),
            await api.post(f"{path}/ping"),
            await api.get(f"{path}/deliveries"),
            await api.post(f"{path}/deliveries/{new_id()}/redeliver"),
        ]
        assert {one.status for one in answers} == {404}
        assert all(webhook_id in one.json["detail"] for one in answers)
    assert [one.id for one in await other.webhooks.list()] == [theirs.id]
