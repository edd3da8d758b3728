"""Records are kept for as long as their organisation says."""

from datetime import timedelta

from app.records.retention import sweep
from app.store import Store, Tenant
from app.store.calls import CallFilter
from tests.records.seeding import BEGAN, rows, seed


async def test_calls_that_are_too_old_go_with_all_they_have(
    store: Store, tenant: Tenant, other_tenant: Tenant
) -> None:
    await tenant.organisation.change(settings={"retention_days": 30})
    for each in (tenant, other_tenant):
        await seed(each, [*rows(1200)], parts=True)  # 2 s apart: 40 minutes
    border = BEGAN + timedelta(minutes=10)

    removed = await sweep(store, border + timedelta(days=30))

    left = (await tenant.calls.list(CallFilter(), limit=2000)).calls
    assert removed == 300
    assert [call.started_at for call in left][-1] == border
    assert await tenant.calls.parts("call-1") == []
    assert len((await other_tenant.calls.list(CallFilter(), limit=2000)).calls) == 1200


async def test_a_live_call_is_kept_however_old_it_is(store: Store, tenant: Tenant) -> None:
    await tenant.organisation.change(settings={"retention_days": 1})
    later = BEGAN + timedelta(days=2)
    live = {"status": "live", "ended_at": None, "seconds": None, "end_reason": None}
    await seed(tenant, [{**next(rows(1)), **live, "seen_at": later}])

    assert await sweep(store, later) == 0
