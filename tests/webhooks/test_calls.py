"""What webhooks are told of calls: that they began, and all there is to know once they are over."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from app import Agent, Application, Session, tool
from app.settings import Settings
from app.store import Store, Tenant, now
from app.store.call_writing import CallFacts, CallNews, write_calls
from app.testing import API_KEY, Twin
from tests.web_peer import Peer, peer
from tests.webhooks.desk import SECRET_KEY, deliveries, make_webhook

desk = Application("/desk")
PATIENCE = 15.0


@tool
def look_up_order(number: str) -> str:
    """State of an order."""
    return "shipped"


@desk.session_new
async def take(_: Session) -> Agent:
    return Agent(
        llm="openai:gpt-4.1-mini", stt="deepgram:nova-3", tts="cartesia:sonic",
        instructions="Be kind.", tools=[look_up_order],
    )  # fmt: skip


@pytest.fixture
def cordboard_applications() -> Sequence[Application[Any, Any]]:
    return [desk]


@pytest.fixture
def cordboard_settings() -> Settings:
    return Settings(
        port=0,
        api_keys=(SecretStr(API_KEY),),
        secret_key=(SecretStr(SECRET_KEY),),
        allow_private=("127.0.0.1",),
    )


@pytest.fixture
def cordboard_store(store: Store) -> Store:
    return store


@pytest_asyncio.fixture
async def far() -> AsyncIterator[Peer]:
    async with peer() as one:
        yield one


def facts(started_at: datetime, **values: Any) -> CallFacts:
    known = {
        "call_sid": "c-1",
        "application": "/desk",
        "agent_id": None,
        "agent_version": None,
        "direction": "inbound",
        "from_number": "+15085551212",
        "to_number": "+16175550100",
        "started_at": started_at,
        "seen_at": started_at,
        "ended_at": None,
        "seconds": None,
        "status": "live",
        "end_reason": None,
    }
    return CallFacts(**{**known, **values})


STARTED = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENDED = {"status": "ended", "ended_at": STARTED + timedelta(seconds=9), "seconds": 9.0}


async def write(store: Store, tenant: Tenant, *news: CallNews) -> int:
    return await write_calls(store, {tenant.organisation_id: news})


async def bodies(tenant: Tenant) -> list[dict[str, Any]]:
    """What is on its way to the first webhook, in the order in which it happened."""
    (webhook,) = await tenant.webhooks.list()
    found = [await tenant.deliveries.outgoing(one.id) for one in await deliveries(tenant, webhook)]
    return [json.loads(one.body) for one in reversed(found) if one is not None]


async def test_a_call_that_begins_and_ends_is_told_with_its_summary(
    store: Store, tenant: Tenant
) -> None:
    await make_webhook(tenant, "https://example.com/hear")
    await write(store, tenant, CallNews(facts(STARTED, turns=1), 0, "", is_first=True))
    later = {"seen_at": STARTED + timedelta(seconds=9), **ENDED}
    await write(store, tenant, CallNews(facts(STARTED, turns=2, tool_calls=1, **later), 0, ""))
    began, ended = await bodies(tenant)

    assert [began["type"], ended["type"]] == ["call.started", "call.ended"]
    assert began["data"]["from"] == "+15085551212"
    assert began["data"]["started_at"] == "2026-03-01T12:00:00Z"
    assert (began["data"]["status"], began["data"]["turns"]) == ("live", 1)
    assert ended["data"] == began["data"] | {
        "status": "ended",
        "ended_at": "2026-03-01T12:00:09Z",
        "seconds": 9.0,
        "turns": 3,
        "tool_calls": 1,
    }


async def test_a_call_that_goes_on_is_not_told_again(store: Store, tenant: Tenant) -> None:
    await make_webhook(tenant, "https://example.com/hear")
    await write(store, tenant, CallNews(facts(STARTED), 0, "", is_first=True))
    await write(store, tenant, CallNews(facts(STARTED, turns=2), 0, ""))

    assert len(await bodies(tenant)) == 1


async def test_what_is_written_twice_is_told_once(store: Store, tenant: Tenant) -> None:
    """A commit whose answer got lost is repeated."""
    await make_webhook(tenant, "https://example.com/hear")
    for _ in range(2):
        await write(store, tenant, CallNews(facts(STARTED, **ENDED), 0, "", is_first=True))

    assert sorted(one["type"] for one in await bodies(tenant)) == ["call.ended", "call.started"]


async def test_calls_of_another_organisation_are_not_told(
    store: Store, tenant: Tenant, other_tenant: Tenant
) -> None:
    await make_webhook(tenant, "https://example.com/hear")
    await write(store, other_tenant, CallNews(facts(STARTED, **ENDED), 0, "", is_first=True))

    assert await bodies(tenant) == []


async def test_a_call_whose_node_went_away_has_ended_too(store: Store, tenant: Tenant) -> None:
    await make_webhook(tenant, "https://example.com/hear")
    await write(store, tenant, CallNews(facts(STARTED), 0, ""))
    assert await tenant.calls.settle_lost(now()) == 1
    (ended,) = await bodies(tenant)

    assert (ended["type"], ended["data"]["status"]) == ("call.ended", "lost")


async def test_what_does_not_fit_is_counted(
    store: Store, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.deliveries.MOST_WAITING", 1)
    await make_webhook(tenant, "https://example.com/hear")

    assert await write(store, tenant, CallNews(facts(STARTED, **ENDED), 0, "", is_first=True)) == 1


async def test_a_live_call_reaches_the_webhook(jambonz: Twin, tenant: Tenant, far: Peer) -> None:
    await make_webhook(tenant, far.on("/hear", ""))
    call = await jambonz.call("/desk")
    await call.tool_call("look_up_order", {"number": "4711"})
    await call.hangup()
    async with asyncio.timeout(PATIENCE):
        while len(far.asked) < 2:
            far.came.clear()
            await far.came.wait()
    told = {one["type"]: one["data"] for one in (json.loads(each.body) for each in far.asked)}

    assert told.keys() == {"call.started", "call.ended"}
    assert told["call.ended"]["call_sid"] == call.call_sid
    assert told["call.ended"]["tool_calls"] == 1
    assert told["call.ended"]["status"] == "ended"
