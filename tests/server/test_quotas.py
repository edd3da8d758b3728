"""How many calls there may be on all nodes together: of all organisations, and of each."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from app.application import Application
from app.bus import BusUnavailable, Entry, MemoryBus, Node
from app.logs import Event
from app.organisation import DEFAULT_ORGANISATION
from app.server import build, quotas
from app.server.quotas import Quotas
from app.session import Quota
from app.settings import Settings
from app.store import Store, StoreUnavailable
from app.store.directory import Directory
from tests.server.conftest import (
    KEY,
    Logbook,
    Server,
    Start,
    agent_application,
    serving_on_loopback,
)
from tests.server.jambonz import LIMIT
from tests.server.organisations import NORTH, SOUTH, call, dial, with_users
from tests.server.test_limits import counted

OTHER, THIS = "other-node", "this-node"


def shared_agent() -> Application[Any, Any]:
    made = agent_application()
    made.shared = True
    return made


async def other_node(bus: MemoryBus, calls: int, organisation_id: str, name: str = OTHER) -> None:
    """A node with this many calls of an organisation."""
    now = datetime.now(UTC)
    await bus.renew(Node(name, "", calls, False, now))
    keys = [f"{name}-{organisation_id}-{n}" for n in range(calls)]
    made = [Entry(key, organisation_id, key, "/call", now, 0, b"{}") for key in keys]
    await bus.write(name, made)


async def looking_at(server: Server, bus: MemoryBus) -> Quotas:
    quota = server.calls.runtime.quota
    kept = Quotas(quota, bus=bus, node_id=THIS, directory=None)
    await kept.refresh()
    return kept


async def test_calls_of_other_nodes_count_and_one_too_many_is_declined(
    start: Start, logbook: Logbook
) -> None:
    server, bus = await start(agent_application(), max_total_calls=7), MemoryBus()
    await other_node(bus, 5, DEFAULT_ORGANISATION)
    await looking_at(server, bus)
    first = await server.call()  # with the bystander, the seventh
    second = await server.dial()
    (decline,) = (await second.open())["data"]

    assert (decline["verb"], decline["status"]) == ("sip:decline", 503)
    assert await second.close_code() == 1000
    line = await logbook.line("call_refused")
    assert (line["reason"], line["limit"]) == ("max_total_calls", 7)
    assert await counted(server, 'cordboard_calls_refused_total{reason="max_total_calls"}') == 1
    assert await first.tool_call("ping") == {"result": "pong"}


async def test_the_own_calls_are_not_counted_twice(start: Start) -> None:
    server, bus = await start(agent_application(), max_total_calls=3), MemoryBus()
    await other_node(bus, 1, DEFAULT_ORGANISATION, THIS)  # the bystander, as this node wrote it
    await looking_at(server, bus)

    for _ in range(2):
        assert (await (await server.dial()).open())["data"][0]["verb"] == "agent"
    assert (await (await server.dial()).open())["data"][0]["verb"] == "sip:decline"


async def test_an_organisation_that_is_full_takes_no_place_of_another(
    start: Start, logbook: Logbook
) -> None:
    server = with_users(await start(shared_agent(), allow_anonymous=True))
    server.calls.runtime.quota.by_organisation = {NORTH: 3}
    bus = MemoryBus()
    await other_node(bus, 2, NORTH)
    await looking_at(server, bus)
    first = await call(server, "north")
    full = await (await dial(server, "north")).open()
    other = await (await dial(server, "south")).open()

    assert (full["data"][0]["verb"], other["data"][0]["verb"]) == ("sip:decline", "agent")
    line = await logbook.line("call_refused")
    assert (line["reason"], line["limit"], line["organisation"]) == ("organisation", 3, NORTH)
    assert await counted(server, 'cordboard_calls_refused_total{reason="organisation"}') == 1

    await first.close()
    await logbook.line("call_ended", call_sid=first.call_sid)
    assert (await (await dial(server, "north")).open())["data"][0]["verb"] == "agent"


async def test_a_call_that_comes_back_is_taken_over_all_limits(start: Start) -> None:
    server = await start(agent_application(), max_total_calls=1)
    returned = await server.dial()
    await returned.open("session:reconnect")

    assert await returned.tool_call("ping") == {"result": "pong"}


@pytest.mark.parametrize(
    ("each", "own", "limit"), [(None, None, None), (5, None, 5), (None, 3, 3), (5, 3, 3), (5, 9, 5)]
)
def test_an_organisation_can_only_lower_its_bound(
    each: int | None, own: int | None, limit: int | None
) -> None:
    quota = Quota(each=each, by_organisation={} if own is None else {NORTH: own})

    assert quota.limit_of(NORTH) == limit
    assert quota.limit_of(SOUTH) == each


async def test_what_organisations_have_set_comes_from_the_store(store: Store) -> None:
    quota = Quota()
    kept = Quotas(quota, bus=None, node_id=THIS, directory=Directory(store))
    await kept.refresh()
    assert quota.by_organisation == {}
    assert not quota.bounds_something
    await store.tenant(DEFAULT_ORGANISATION).organisation.change(settings={"max_calls": 12})
    kept._limits_at = -quotas.LIMITS_EVERY  # as if some seconds had passed
    await kept.refresh()

    assert quota.by_organisation == {DEFAULT_ORGANISATION: 12}


class Away(MemoryBus):
    """A bus that can be taken away."""

    is_away = False
    asked = 0

    async def counts(self):  # type: ignore[no-untyped-def]
        self.asked += 1
        if self.is_away:
            raise BusUnavailable("no route")
        return await super().counts()


async def test_a_node_without_bounds_asks_nobody() -> None:
    bus = Away()
    await Quotas(Quota(), bus=bus, node_id=THIS, directory=None).refresh()

    assert bus.asked == 0


async def test_while_the_bus_is_away_the_last_view_holds_for_seconds_and_then_calls_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bus, quota, clock = Away(), Quota(total=10), [100.0]
    monkeypatch.setattr(quotas, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    await other_node(bus, 10, NORTH)
    kept = Quotas(quota, bus=bus, node_id=THIS, directory=None)
    await kept.refresh()
    assert quota.is_full(0)
    bus.is_away = True
    with capture_logs() as lines:
        clock[0] += quotas.STALE_AFTER
        await kept.refresh()
        assert quota.is_full(0)
        clock[0] += 1
        await kept.refresh()
        assert not quota.is_full(9)
        assert quota.is_full(10), "its own are still counted"
    assert [line["event"] for line in lines] == [Event.QUOTA_NOT_REFRESHED], "told once"

    bus.is_away = False
    await kept.refresh()
    assert quota.is_full(0)


async def test_a_store_that_is_away_leaves_the_limits_as_they_were() -> None:
    class Gone:
        async def call_limits(self) -> dict[str, int]:
            raise StoreUnavailable("no route")

    quota = Quota(by_organisation={NORTH: 3})
    gone: Callable[[], object] = Gone
    await Quotas(quota, bus=None, node_id=THIS, directory=gone()).refresh()  # type: ignore[arg-type]

    assert quota.limit_of(NORTH) == 3


def elsewhere(node: Server) -> int:
    """How many calls a node knows that others have."""
    return sum(node.calls.runtime.quota.elsewhere.values())


async def test_two_nodes_take_as_many_calls_together_as_there_may_be(
    logbook: Logbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotas, "EVERY", 0.02)
    logbook.without_call.add("call_taken_over")
    bus, settings = MemoryBus(), Settings(api_keys=(SecretStr(KEY),), max_total_calls=3)
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(
                serving_on_loopback(build(settings, [agent_application()], bus=bus))
            )
            for _ in range(2)
        ]
        taken = [await nodes[0].call(), await nodes[0].call(), await nodes[1].call()]
        async with asyncio.timeout(LIMIT):
            while [elsewhere(node) for node in nodes] != [1, 2]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        refused = [await (await node.dial()).open() for node in nodes]

        assert [one["data"][0]["verb"] for one in refused] == ["sip:decline"] * 2
        assert [await one.tool_call("ping") for one in taken] == [{"result": "pong"}] * 3
