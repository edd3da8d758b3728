"""Records of calls that go on are told by the node that has the call."""

import asyncio
from typing import Any

import pytest

from app.keys import RECORDER
from app.store import Store
from tests.peers.conftest import BrokenBus, Join, Member
from tests.peers.test_forwarding import events
from tests.server.jambonz import CALLER, LIMIT


@pytest.fixture
async def nodes(sqlite_store: Store, join: Join) -> tuple[Member, Member]:
    """Two nodes that share a store, which is closed after them."""
    return await join(store=sqlite_store), await join(store=sqlite_store)


async def tool_calls(member: Member, call_sid: str) -> int:
    status, body = await member.rest("GET", f"/api/calls/{call_sid}")
    assert status == 200
    return int(body["tool_calls"])


async def test_a_record_is_told_to_the_moment_by_any_node(nodes: tuple[Member, Member]) -> None:
    first, second = nodes
    call = await second.call()
    await second.server.web_app[RECORDER].settle(call.call_sid)
    await call.tool_call("ping")

    assert await tool_calls(first, call.call_sid) == 1


async def test_a_record_is_told_as_it_is_where_nobody_can_look(
    nodes: tuple[Member, Member], bus: BrokenBus
) -> None:
    first, second = nodes
    call = await second.call()
    await second.rest("GET", f"/api/calls/{call.call_sid}")
    bus.is_away = True

    assert await tool_calls(first, call.call_sid) == 0


async def test_a_record_is_followed_live_by_way_of_any_node(nodes: tuple[Member, Member]) -> None:
    first, second = nodes
    call = await second.call()
    async with asyncio.timeout(LIMIT):
        async with first.stream(f"/api/calls/{call.call_sid}/events") as answer:
            stream = events(answer)
            assert (await anext(stream))[1] == "session"
            await call.tool_call("ping")
            kinds: list[Any] = []
            while "tool_output" not in kinds:
                kinds.append((await anext(stream))[1])


async def test_a_number_is_forgotten_by_all_nodes(nodes: tuple[Member, Member]) -> None:
    first, second = nodes
    call = await second.call()
    await second.rest("GET", f"/api/calls/{call.call_sid}")

    status, erased = await first.rest("DELETE", "/api/calls", params={"number": CALLER})

    assert (status, erased) == (200, {"calls": 1})
    await call.tool_call("ping")
    assert (await second.rest("GET", f"/api/calls/{call.call_sid}"))[0] == 404


async def test_nothing_is_erased_while_a_node_may_go_on_recording(
    nodes: tuple[Member, Member],
) -> None:
    first, second = nodes
    call = await first.call()
    await second.die()

    status, problem = await first.rest("DELETE", "/api/calls", params={"number": CALLER})

    assert (status, problem["type"]) == (503, "urn:cordboard:problem:nodes-silent")
    assert (await first.rest("GET", f"/api/calls/{call.call_sid}"))[0] == 200
