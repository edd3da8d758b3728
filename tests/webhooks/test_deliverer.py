"""The deliverer: what is due is sent, signed, until it is heard."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import pytest_asyncio
import sqlalchemy as sa
from aiohttp import web
from structlog.testing import capture_logs

from app.outward import Outward
from app.store import DEFAULT_ORGANISATION, Store, StoreUnavailable, Tenant, now
from app.store.deliveries import Delivery
from app.store.outbox import forget_deliveries
from app.store.tables.webhooks import DELIVERIES
from app.store.webhooks import Webhook
from app.webhooks import Deliverer
from tests.web_peer import Peer, peer
from tests.webhooks.desk import VAULT, announce, deliveries, make_webhook, many

PATIENCE = 10.0


@pytest_asyncio.fixture
async def far() -> AsyncIterator[Peer]:
    async with peer() as one:
        yield one


@asynccontextmanager
async def delivering(store: Store, *allow: str) -> AsyncIterator[Deliverer]:
    outward = Outward(allow or ["127.0.0.1"])
    deliverer = Deliverer(store, outward, VAULT, look_every=0.02)
    task = asyncio.create_task(deliverer.run())
    try:
        yield deliverer
    finally:
        deliverer.stop()
        await task
        await outward.close()


async def settled(tenant: Tenant, webhook: Webhook, attempts: int = 1) -> Delivery:
    """The newest delivery, once it was tried so often."""
    async with asyncio.timeout(PATIENCE):
        while True:
            (one, *_) = await deliveries(tenant, webhook)
            if one.attempts >= attempts:
                return one
            await asyncio.sleep(0)


async def all_heard(tenant: Tenant, webhook: Webhook) -> None:
    """Wait until nothing waits for it any more."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if {one.status for one in await deliveries(tenant, webhook)} == {"delivered"}:
                return
            await asyncio.sleep(0)


def is_signed(peer: Peer, secret: str) -> bool:
    """As a receiver finds out."""
    asked = peer.asked[-1]
    parts = [one.split("=") for one in asked.headers["Cordboard-Signature"].split(",")]
    (moment,) = [value for name, value in parts if name == "t"]
    signed = hmac.new(secret.encode(), f"{moment}.{asked.body}".encode(), hashlib.sha256)
    return signed.hexdigest() in [value for name, value in parts if name == "v1"]


async def test_what_happens_is_told_signed_and_with_an_id(
    store: Store, tenant: Tenant, far: Peer
) -> None:
    webhook = await make_webhook(tenant, far.on("/hear", ""), "whsec_one")
    await announce(tenant, "call.ended", data="Zoë")
    async with delivering(store):
        delivery = await settled(tenant, webhook)
    (asked,) = far.asked
    body = json.loads(asked.body)

    assert (delivery.status, delivery.answered, delivery.error) == ("delivered", 200, None)
    assert delivery.next_at is None
    assert delivery.finished_at is not None
    assert (asked.method, asked.target) == ("POST", "/hear")
    assert asked.headers["Content-Type"] == "application/json"
    assert asked.headers["Cordboard-Event"] == body["type"] == "call.ended"
    assert asked.headers["Cordboard-Event-Id"] == body["id"] == delivery.event_id
    assert body["data"] == {"n": 0, "data": "Zoë"}
    assert is_signed(far, "whsec_one")
    assert not is_signed(far, "whsec_two")


async def test_only_what_a_webhook_wants_is_told_to_it(
    store: Store, tenant: Tenant, other_tenant: Tenant, far: Peer
) -> None:
    ended = await make_webhook(tenant, far.on("/ended", ""), events=["call.ended"])
    await make_webhook(tenant, far.on("/off", ""), is_active=False)
    await make_webhook(other_tenant, far.on("/other", ""))
    await announce(tenant, "call.started", "call.ended")
    async with delivering(store):
        await settled(tenant, ended)

    assert [one.target for one in far.asked] == ["/ended"]


@pytest.mark.parametrize("status", [400, 500, 302])
async def test_what_is_not_heard_is_sent_again_later(
    sqlite_store: Store, far: Peer, status: int
) -> None:
    tenant = sqlite_store.tenant(DEFAULT_ORGANISATION)
    headers = {"Location": "/elsewhere"}
    webhook = await make_webhook(tenant, far.on("/hear", "", status=status, headers=headers))
    before = now()
    await announce(tenant, "call.ended")
    async with delivering(sqlite_store):
        delivery = await settled(tenant, webhook)

    assert (delivery.status, delivery.attempts, delivery.finished_at) == ("waiting", 1, None)
    assert delivery.error is not None
    assert str(status) in delivery.error
    assert delivery.next_at is not None
    assert 3.75 <= (delivery.next_at - before).total_seconds() <= 6.25 + PATIENCE
    assert [one.target for one in far.asked] == ["/hear"]


async def test_a_second_attempt_is_the_same_message(
    store: Store, tenant: Tenant, far: Peer
) -> None:
    webhook = await make_webhook(tenant, far.on("/hear", "", status=503))
    await announce(tenant, "call.ended")
    async with delivering(store):
        await settled(tenant, webhook)
        far.on("/hear", "")
        await make_due(store)
        delivery = await settled(tenant, webhook, 2)
    first, second = far.asked

    assert delivery.status == "delivered"
    assert first.body == second.body


async def make_due(store: Store) -> None:
    async with store.writing() as connection:
        await connection.execute(sa.update(DELIVERIES).values(next_at=now()))


async def test_after_a_day_it_is_given_up(store: Store, tenant: Tenant, far: Peer) -> None:
    webhook = await make_webhook(tenant, far.on("/hear", "", status=500))
    await announce(tenant, "call.ended")
    async with store.writing() as connection:
        await connection.execute(sa.update(DELIVERIES).values(until=now() + timedelta(seconds=1)))
    async with delivering(store):
        delivery = await settled(tenant, webhook)

    assert (delivery.status, delivery.answered) == ("failed", 500)
    assert delivery.finished_at is not None


async def test_a_private_address_is_not_asked(sqlite_store: Store, far: Peer) -> None:
    tenant = sqlite_store.tenant(DEFAULT_ORGANISATION)
    webhook = await make_webhook(tenant, far.on("/hear", ""))
    await announce(tenant, "call.ended")
    async with delivering(sqlite_store, "10.0.0.0/8"):
        delivery = await settled(tenant, webhook)

    assert "127.0.0.1 is no public address" in str(delivery.error)
    assert far.asked == []


async def test_while_a_secret_is_changed_both_sign(sqlite_store: Store, far: Peer) -> None:
    tenant = sqlite_store.tenant(DEFAULT_ORGANISATION)
    webhook = await make_webhook(tenant, far.on("/hear", ""), "first")
    for secret in ("second", "third"):
        until = now() + timedelta(hours=1)
        await tenant.webhooks.rotate(webhook.id, sealed=VAULT.seal(secret), until=until)
    await announce(tenant, "call.ended")
    async with delivering(sqlite_store):
        await settled(tenant, webhook)

    assert [is_signed(far, one) for one in ("first", "second", "third")] == [False, True, True]


async def test_a_secret_that_has_had_its_time_signs_no_more(sqlite_store: Store, far: Peer) -> None:
    tenant = sqlite_store.tenant(DEFAULT_ORGANISATION)
    webhook = await make_webhook(tenant, far.on("/hear", ""), "first")
    await tenant.webhooks.rotate(webhook.id, sealed=VAULT.seal("second"), until=now())
    await announce(tenant, "call.ended")
    async with delivering(sqlite_store):
        await settled(tenant, webhook)

    assert [is_signed(far, one) for one in ("first", "second")] == [False, True]


async def test_what_waits_survives_a_restart_in_the_middle(
    store: Store, tenant: Tenant, far: Peer
) -> None:
    webhook = await make_webhook(tenant, far.stall("/hear"))
    await announce(tenant, "call.ended")
    async with delivering(store):
        async with asyncio.timeout(PATIENCE):
            await far.came.wait()
    far.on("/hear", "")
    await make_due(store)  # a minute later
    async with delivering(store):
        delivery = await settled(tenant, webhook)

    assert delivery.status == "delivered"
    assert len({one.headers["Cordboard-Event-Id"] for one in far.asked}) == 1


async def test_two_nodes_send_each_message_once(store: Store, tenant: Tenant, far: Peer) -> None:
    webhook = await make_webhook(tenant, far.on("/hear", ""))
    await announce(tenant, *many(30))
    async with delivering(store), delivering(store):
        await all_heard(tenant, webhook)

    assert len(far.asked) == 30
    assert len({one.headers["Cordboard-Event-Id"] for one in far.asked}) == 30


async def test_a_slow_webhook_holds_up_no_other(store: Store, tenant: Tenant, far: Peer) -> None:
    await make_webhook(tenant, far.stall("/slow"))
    quick = await make_webhook(tenant, far.on("/quick", ""))
    await announce(tenant, *many(30))
    async with delivering(store):
        await all_heard(tenant, quick)

    assert sum(one.target == "/slow" for one in far.asked) == 4


async def test_what_a_server_of_theirs_breaks_is_not_ours(sqlite_store: Store, far: Peer) -> None:
    async def break_off(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    tenant = sqlite_store.tenant(DEFAULT_ORGANISATION)
    webhook = await make_webhook(tenant, far.on("/hear", break_off))
    await announce(tenant, "call.ended")
    async with delivering(sqlite_store):
        delivery = await settled(tenant, webhook)

    assert delivery.status == "waiting"
    assert "closed before an answer" in str(delivery.error)


async def test_a_secret_that_does_not_open_is_told(sqlite_store: Store, far: Peer) -> None:
    tenant = sqlite_store.tenant(DEFAULT_ORGANISATION)
    webhook = await make_webhook(tenant, far.on("/hear", ""), sealed="of another key")
    await announce(tenant, "call.ended")
    async with delivering(sqlite_store):
        delivery = await settled(tenant, webhook)

    assert "CORDBOARD_SECRET_KEY" in str(delivery.error)
    assert far.asked == []


async def test_what_waits_for_one_webhook_is_bounded(
    store: Store, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.deliveries.MOST_WAITING", 3)
    webhook = await make_webhook(tenant, "https://example.com/hear")

    assert await announce(tenant, *many(2)) == 0
    assert await announce(tenant, *many(2)) == 1
    assert len(await deliveries(tenant, webhook)) == 3


async def test_what_was_finished_long_ago_is_forgotten(
    store: Store, tenant: Tenant, far: Peer
) -> None:
    webhook = await make_webhook(tenant, far.on("/hear", ""))
    await announce(tenant, "call.ended")
    async with delivering(store):
        await settled(tenant, webhook)
    await announce(tenant, "call.ended")

    assert await forget_deliveries(store, now() - timedelta(minutes=1)) == 0
    assert await forget_deliveries(store, now()) == 1
    assert [one.status for one in await deliveries(tenant, webhook)] == ["waiting"]


async def test_a_store_that_is_away_is_told_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = asyncio.Queue[bool]()

    async def away(*_: object, **__: object) -> list[object]:
        looks.put_nowait(True)
        raise StoreUnavailable("taken away by the test")

    monkeypatch.setattr("app.webhooks.deliverer.take_due", away)
    with capture_logs() as lines:
        async with delivering(store), asyncio.timeout(PATIENCE):
            for _ in range(4):
                await looks.get()

    assert [line["event"] for line in lines] == ["webhooks_wait"]
