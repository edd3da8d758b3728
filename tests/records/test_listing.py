"""Pages of calls where there are many: an index finds them, whatever is asked for."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app.store import Store, Tenant
from app.store.calls import WINDOW, CallFilter, Place
from tests.records.seeding import AGENTS, BEGAN, call_row, rows, seed

CALLS = 20_000
MIDDLE = BEGAN + timedelta(seconds=CALLS)
QUERIES: dict[str, dict[str, Any]] = {
    "started_at": {"direction": "outbound", "end_reason": "busy"},
    "agent_id": {"agent_id": AGENTS[1], "direction": "outbound", "application": "/desk"},
    "application": {"application": "/desk", "end_reason": "busy"},
    "from_number": {"number": "+15080000017", "agent_id": AGENTS[1], "application": "/desk"},
    "to_number": {"number": "+16175550100", "agent_id": AGENTS[1], "until": MIDDLE},
    "live": {"status": "live", "agent_id": AGENTS[1], "number": "+16175550100"},
}
"""What an index of calls has in its name, and what it is there for."""


@contextmanager
def noting(store: Store) -> Iterator[list[tuple[str, Any]]]:
    """The statements that run meanwhile."""
    noted: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith("SELECT"):
            noted.append((statement, parameters))

    engine = store._engines.reader.sync_engine
    sa.event.listen(engine, "before_cursor_execute", note)
    yield noted
    sa.event.remove(engine, "before_cursor_execute", note)


async def plan(store: Store, statement: str, parameters: Any) -> str:
    """How the engine would run a statement."""
    explain = "EXPLAIN QUERY PLAN " if store.is_sqlite else "EXPLAIN "
    async with store.reading() as connection:
        found = await connection.exec_driver_sql(explain + statement, parameters)
        return "\n".join(str(row) for row in found)


async def fill(store: Store, tenant: Tenant) -> None:
    await seed(tenant, [*rows(CALLS)])
    if not store.is_sqlite:
        async with store.writing() as connection:
            await connection.exec_driver_sql("ANALYZE calls")


async def walk(tenant: Tenant, wanted: CallFilter) -> tuple[Sequence[str], int]:
    """All calls that fit, page by page, and how many pages there were."""
    found: list[str] = []
    after: Place | None = None
    pages = 0
    while pages == 0 or after is not None:
        page = await tenant.calls.list(wanted, limit=200, after=after)
        found += [call.call_sid for call in page.calls]
        after = page.next
        pages += 1
    return found, pages


async def test_every_filter_walks_along_an_index_and_sorts_nothing(
    store: Store, tenant: Tenant
) -> None:
    await fill(store, tenant)
    for index, wanted in QUERIES.items():
        with noting(store) as statements:
            await tenant.calls.list(CallFilter(**wanted))
        plans = [await plan(store, *statement) for statement in statements]

        assert any(index in one for one in plans), (wanted, plans)
        for one in plans:
            assert "ix_calls_" in one, (wanted, one)
            assert "TEMP B-TREE" not in one
            assert "Seq Scan" not in one


async def test_sqlite_stays_on_its_way_also_between_two_moments(sqlite_store: Store) -> None:
    tenant = sqlite_store.tenant("00000000-0000-4000-8000-000000000001")
    await fill(sqlite_store, tenant)
    for index, wanted in {
        "agent_id": CallFilter(agent_id=AGENTS[0], end_reason="busy", until=MIDDLE),
        "application": CallFilter(application="/desk", direction="outbound", until=MIDDLE),
    }.items():
        with noting(sqlite_store) as statements:
            page = await tenant.calls.list(wanted)
            await tenant.calls.list(wanted, after=page.next or (MIDDLE, AGENTS[0]))
        assert len(statements) == 4
        for statement in statements:
            assert index in await plan(sqlite_store, *statement)


async def test_pages_find_all_and_each_once_however_far_between_they_are(
    sqlite_store: Store,
) -> None:
    tenant = sqlite_store.tenant("00000000-0000-4000-8000-000000000001")
    await fill(sqlite_store, tenant)
    every = [call_row(number) for number in range(CALLS - 1, -1, -1)]
    for wanted in (
        {"direction": "outbound", "end_reason": "busy"},
        {"agent_id": AGENTS[0], "direction": "inbound"},
        {"number": "+16175550100", "end_reason": "failed"},
        {"number": every[77]["from_number"]},
    ):
        found, pages = await walk(tenant, CallFilter(**wanted))
        number = wanted.get("number")
        rest = {name: value for name, value in wanted.items() if name != "number"}
        assert found == [
            call["call_sid"]
            for call in every
            if all(call[name] == value for name, value in rest.items())
            and number in (None, call["from_number"], call["to_number"])
        ]
        assert pages <= 2 + CALLS // WINDOW + len(found) // 200
