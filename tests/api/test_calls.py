"""Records of calls over REST, on both engines."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from app.store import Store, Tenant, now
from app.store.tables.audit import AUDIT
from app.testing import Twin
from tests.api.conftest import Answered, Api
from tests.records.conftest import desk
from tests.records.seeding import AGENTS, BEGAN, rows, seed

CALLER = "+15085551212"


@pytest.fixture
def cordboard_store(store: Store) -> Store:
    return store


@pytest.fixture
def cordboard_applications() -> list[Any]:
    return [desk]


async def walk(api: Api, path: str) -> list[dict[str, Any]]:
    """All pages of a list."""
    found: list[dict[str, Any]] = []
    while path:
        answer = await api.get(path)
        assert answer.status == 200, answer.text
        found += answer.json
        path = next_of(answer)
    return found


def next_of(answer: Answered) -> str:
    """Where the next page is."""
    link = answer.headers.get("Link", "")
    return link.partition(">")[0].removeprefix("<")


def sids(found: Sequence[dict[str, Any]]) -> list[str]:
    return [call["call_sid"] for call in found]


async def test_pages_lead_through_all_calls_and_hold_none_twice(api: Api, tenant: Tenant) -> None:
    await seed(tenant, [*rows(25)])

    found = await walk(api, "/api/calls?limit=10")

    assert sids(found) == [f"call-{number}" for number in range(24, -1, -1)]


async def test_calls_of_one_moment_are_all_on_some_page(api: Api, tenant: Tenant) -> None:
    await seed(tenant, [{**row, "started_at": BEGAN} for row in rows(9)])

    assert len(set(sids(await walk(api, "/api/calls?limit=2")))) == 9


def is_of(call: dict[str, Any], **values: object) -> bool:
    return all(call[name] == value for name, value in values.items())


FILTERS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "direction=outbound": lambda call: is_of(call, direction="outbound"),
    f"agent_id={AGENTS[3]}": lambda call: is_of(call, agent_id=AGENTS[3]),
    f"agent_id={AGENTS[0]}&direction=inbound": lambda _: False,
    "application=/desk": lambda call: is_of(call, application="/desk"),
    "end_reason=busy": lambda call: is_of(call, end_reason="busy"),
    "status=live": lambda _: False,
    "status=ended&application=/desk&end_reason=completed": lambda call: is_of(
        call, application="/desk", end_reason="completed"
    ),
    "number=%2B16175550100&end_reason=failed": lambda call: is_of(call, end_reason="failed"),
    "since=2026-11-01T00:05:00Z&until=2026-11-01T00:06:00%2B00:00": lambda call: (
        "2026-11-01T00:05:00" <= call["started_at"] < "2026-11-01T00:06:00"
    ),
}


async def test_a_filter_finds_what_it_says_and_nothing_else(api: Api, tenant: Tenant) -> None:
    await seed(tenant, [*rows(400)])
    everything = await walk(api, "/api/calls?limit=200")

    for query, is_wanted in FILTERS.items():
        found = await walk(api, f"/api/calls?limit=60&{query}")
        assert sids(found) == sids([call for call in everything if is_wanted(call)]), query


async def test_a_number_is_found_on_either_side(api: Api, tenant: Tenant) -> None:
    calls = [*rows(6)]
    calls[1]["from_number"] = calls[4]["to_number"] = CALLER
    await seed(tenant, calls)

    assert sids(await walk(api, f"/api/calls?number={quote(CALLER)}")) == ["call-4", "call-1"]
    assert sids(await walk(api, f"/api/calls?number={CALLER}")) == ["call-4", "call-1"]


async def test_a_wrong_filter_is_named(api: Api) -> None:
    for query in (
        *("limit=0", "limit=201", "after=x", "agent_id=1", "status=over", "since=yesterday"),
        *("since=2026-11-01T00:00:00", "sort=turns", "number=%00"),
    ):
        answer = await api.get(f"/api/calls?{query}")
        assert answer.status == 422, query
        assert [*answer.errors] == [query.partition("=")[0]]


async def test_a_call_is_shown_with_its_story(api: Api, jambonz: Twin) -> None:
    async with await jambonz.call("/desk", from_=CALLER) as call:
        await call.tool_call("look_up_order", {"number": "17"})
        update = {"type": "inject_context", "messages": [{"role": "system", "content": "Hi"}]}
        assert (await api.post(f"/v1/calls/{call.call_sid}/agent", update)).status == 202
        live = await api.get(f"/api/calls/{call.call_sid}")
        await call.say("Goodbye.")
    over = await api.get(f"/api/calls/{call.call_sid}")

    assert (live.json["status"], over.json["status"]) == ("live", "ended")
    assert over.json["from"] == CALLER
    assert [turn["caller"] for turn in over.json["transcript"] if turn["caller"]] == ["Goodbye."]
    [used] = live.json["tools"]
    assert (used["name"], used["arguments"], used["outcome"]) == (
        "look_up_order",
        {"number": "17"},
        "ok",
    )
    assert [(one["type"], one["by"]) for one in live.json["updates"]] == [
        ("inject_context", "settings")
    ]
    assert {one["call_status"] for one in over.json["statuses"]} >= {"completed"}


async def test_a_call_that_nobody_knows_is_not_found(api: Api) -> None:
    assert (await api.get("/api/calls/nobody")).status == 404
    assert (await api.get("/api/calls/nobody/events")).status == 404


async def test_csv_has_a_row_for_each_call_and_no_formula(api: Api, tenant: Tenant) -> None:
    calls = [*rows(3)]
    calls[0]["from_number"] = '=HYPERLINK("http://evil.example")'
    calls[1]["from_number"] = CALLER
    calls[2]["from_number"] = "-1+1"
    await seed(tenant, calls)

    answer = await api.get("/api/calls/export?format=csv")
    read = [*csv.DictReader(io.StringIO(answer.text))]

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert [row["call_sid"] for row in read] == ["call-2", "call-1", "call-0"]
    assert [row["from"][:12] for row in read] == ["'-1+1", CALLER, "'=HYPERLINK("]


async def test_json_lines_hold_all_that_is_known(api: Api, tenant: Tenant) -> None:
    await seed(tenant, [*rows(450)], parts=True)

    answer = await api.get("/api/calls/export?format=jsonl&application=/desk")
    lines = [json.loads(line) for line in answer.text.splitlines()]

    assert len(lines) == sum(row["application"] == "/desk" for row in rows(450))
    assert lines[0]["transcript"][0]["agent"] == "Hello."


async def test_erasing_a_number_leaves_no_trace_of_it(
    api: Api, jambonz: Twin, tenant: Tenant, store: Store
) -> None:
    async with await jambonz.call("/desk", from_=CALLER) as call:
        await call.say("Hello.")
    async with await jambonz.call("/desk", from_="+15085550000") as other:
        pass
    async with await jambonz.call("/desk", from_=CALLER) as live:
        for known in (call, live):
            assert (await api.get(f"/api/calls/{known.call_sid}")).status == 200
        erased = await api.delete(f"/api/calls?number={quote(CALLER)}")
        await live.say("Hello.")

    assert erased.json == {"calls": 2}
    for gone in (call, live):
        assert (await api.get(f"/api/calls/{gone.call_sid}")).status == 404
    assert (await api.get(f"/api/calls/{other.call_sid}")).status == 200
    async with store.reading() as connection:
        for name in ("calls", "call_parts", "turns", "audit"):
            found = (await connection.execute(sa.text(f"SELECT * FROM {name}"))).all()
            assert CALLER not in str(found)
        noted = (await connection.execute(sa.select(AUDIT.c.action, AUDIT.c.before))).all()
    assert ("erase", {"calls": 2}) in [tuple(row) for row in noted]


async def test_erasing_needs_a_number(api: Api, tenant: Tenant) -> None:
    await seed(tenant, [*rows(2)])

    assert (await api.delete("/api/calls")).status == 422
    assert (await api.delete("/api/calls?number=")).status == 422
    assert len(await walk(api, "/api/calls")) == 2


async def test_another_organisation_has_none_of_it(
    api: Api, tenant: Tenant, other_tenant: Tenant
) -> None:
    await seed(other_tenant, [*rows(3)], parts=True)

    assert await walk(api, "/api/calls") == []
    assert (await api.get("/api/calls/call-1")).status == 404
    assert (await api.get("/api/calls/call-1/events")).status == 404
    assert (await api.get("/api/calls/export?format=jsonl")).text == ""
    assert (await api.delete("/api/calls?number=%2B16175550100")).json == {"calls": 0}
    assert (await other_tenant.calls.get("call-1")) is not None


async def test_a_live_call_of_a_node_that_vanished_is_lost(tenant: Tenant) -> None:
    live = {"status": "live", "ended_at": None, "seconds": None, "end_reason": None}
    old, fresh = rows(2)
    await seed(tenant, [{**old, **live}, {**fresh, **live, "seen_at": now()}])

    await tenant.calls.settle_lost(now() - timedelta(minutes=5))

    lost, still = await tenant.calls.get("call-0"), await tenant.calls.get("call-1")
    assert lost is not None
    assert still is not None
    assert (lost.status, still.status) == ("lost", "live")
    assert lost.ended_at == lost.seen_at
