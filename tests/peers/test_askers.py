"""On whose behalf a node asks another: what they may do there, and what is noted of them."""

import asyncio
import uuid
from typing import Any

import pytest

from app.identity.tokens import digest_of, new_key
from app.keys import FEED, IDENTITY
from app.organisation import DEFAULT_ORGANISATION
from app.rest import relay
from app.store import Store
from tests.peers.conftest import Join, Member
from tests.peers.test_forwarding import INSTRUCTIONS, events
from tests.server.jambonz import ACCOUNT, LIMIT, Jambonz, call_info


@pytest.fixture
async def nodes(sqlite_store: Store, join: Join) -> tuple[Member, Member]:
    """Two nodes that share a store, which is closed after them."""
    return await join(store=sqlite_store), await join(store=sqlite_store)


async def key_for(
    store: Store, *scopes: str, organisation_id: str = DEFAULT_ORGANISATION
) -> tuple[str, dict[str, str]]:
    """A key of an organisation: its id, and the header that shows it."""
    key = new_key()
    made = await store.tenant(organisation_id, "test").keys.create(
        name="A key", digest=digest_of(key), prefix=key[:10], scopes=[*scopes]
    )
    return made.id, {"Authorization": f"Bearer {key}"}


async def steer(member: Member, call: Jambonz, headers: dict[str, str]) -> int:
    url = member.server.url(f"/v1/calls/{call.call_sid}/agent")
    async with member.server.client.post(url, json=INSTRUCTIONS, headers=headers) as answer:
        return answer.status


def updates_of(member: Member, call: Jambonz) -> list[Any]:
    """What watchers were told of updates."""
    watch = member.server.web_app[FEED].watch(member.server.session(call).key)
    told = [entry.data for entry in iter(watch.take, None) if entry.kind == "update"]
    watch.close()
    return told


async def test_the_call_knows_who_asked_and_not_which_node(
    nodes: tuple[Member, Member], sqlite_store: Store
) -> None:
    first, second = nodes
    call = await second.call()
    key_id, headers = await key_for(sqlite_store, "calls:write")

    assert await steer(first, call, headers) == 202

    assert [one["by"] for one in updates_of(second, call)] == [f"key:{key_id}"]


async def test_who_may_only_look_steers_nothing_at_any_node(
    nodes: tuple[Member, Member], sqlite_store: Store
) -> None:
    second = nodes[1]
    call = await second.call()
    _, headers = await key_for(sqlite_store, "calls:read")

    assert [await steer(node, call, headers) for node in nodes] == [403, 403]
    assert updates_of(second, call) == []


async def test_a_stream_by_way_of_another_node_ends_once_its_key_is_revoked(
    nodes: tuple[Member, Member], sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "LOOK_AGAIN", 0.0)
    monkeypatch.setattr(relay, "GLANCE", 0.02)
    first, second = nodes
    call = await second.call()
    key_id, headers = await key_for(sqlite_store, "calls:read")
    path = f"/v1/calls/{call.call_sid}/events"

    async with asyncio.timeout(LIMIT), first.stream(path, **headers) as answer:
        assert (await anext(events(answer)))[1] == "session"
        await sqlite_store.tenant(DEFAULT_ORGANISATION, "test").keys.delete(key_id)
        await first.server.web_app[IDENTITY].ring.refresh()
        await answer.read()

    assert second.server.session(call).is_open


async def test_a_call_of_another_organisation_is_nowhere_whichever_node_is_asked(
    nodes: tuple[Member, Member], sqlite_store: Store
) -> None:
    first, second = nodes
    call = await second.call()
    accounts = first.server.web_app[IDENTITY].accounts
    for name in ("Harbour", "Pier"):  # the first one is the default organisation
        other_id, _ = await accounts.found(name=name, email=f"{name}@example.com", password=None)
    assert other_id != DEFAULT_ORGANISATION
    _, theirs = await key_for(sqlite_store, "calls:read", "calls:write", organisation_id=other_id)
    _, ours = await key_for(sqlite_store, "calls:read")
    path = f"/v1/calls/{call.call_sid}"

    async def status(way: str, headers: dict[str, str]) -> int:
        async with first.server.client.get(first.server.url(way), headers=headers) as answer:
            return answer.status

    async def listed(headers: dict[str, str]) -> int:
        url = first.server.url("/v1/calls")
        async with first.server.client.get(url, headers=headers) as answer:
            return len(await answer.json())

    assert (await status(path, ours), await status(path, theirs)) == (200, 404)
    assert await status(f"{path}/events", theirs) == 404
    assert (await listed(ours), await listed(theirs)) == (1, 0)
    assert await steer(first, call, theirs) == 404
    await call.tool_call("ping")
    assert not any(one.get("command") == "agent:update" for one in call.frames)


async def test_a_leg_is_updated_by_way_of_any_node(nodes: tuple[Member, Member]) -> None:
    first, second = nodes
    call = await second.call()
    leg = str(uuid.uuid4())
    about = {**call_info(leg), "parent_call_sid": call.call_sid, "call_status": "in-progress"}
    await call.send("call:status", about)
    await call.tool_call("ping")  # by then the status was heard
    path = f"/v1/Accounts/{ACCOUNT}/Calls/{leg}"

    status, receipt = await first.rest("PUT", path, json={"mute_status": "mute"})

    assert (status, receipt["type"]) == (202, "mute:status")
    assert (await call.commands("mute:status"))[0]["callSid"] == leg


async def test_whether_nobody_has_a_leg_cannot_be_said_while_a_node_is_silent(
    nodes: tuple[Member, Member],
) -> None:
    first, second = nodes
    path = f"/v1/Accounts/{ACCOUNT}/Calls/some-leg"
    assert (await first.rest("PUT", path, json={"mute_status": "mute"}))[0] == 404
    await second.die()

    status, problem = await first.rest("PUT", path, json={"mute_status": "mute"})

    assert (status, problem["type"]) == (503, "urn:cordboard:problem:nodes-silent")
