"""Statistics over REST."""

from datetime import UTC, datetime, timedelta

import pytest

from app.store import DEFAULT_ORGANISATION, Store, Tenant, new_id
from tests.api.agents import agent
from tests.api.conftest import Api
from tests.store.test_statistics import DAY, add_call

TWO_DAYS = "from=2026-03-01&to=2026-03-03T00:00:00Z"


@pytest.fixture
def own(cordboard_store: Store) -> Tenant:
    """What the organisation of the key has."""
    return cordboard_store.tenant(DEFAULT_ORGANISATION, "test")


async def test_calls_of_the_organisation_are_counted(api: Api, own: Tenant) -> None:
    await add_call(own, DAY, [{"llm_ms": 400.0}], tool_calls=3, tool_failures=1, seconds=10.0)
    await add_call(own, DAY + timedelta(days=1), seconds=21.0, interruptions=2)
    told = (await api.get(f"/api/statistics?{TWO_DAYS}")).json
    total, (first, second) = told["total"], told["periods"]

    assert (told["from"], told["to"], told["by"]) == (
        "2026-03-01T00:00:00Z",
        "2026-03-03T00:00:00Z",
        "day",
    )
    assert (total["calls"], total["ended"], total["interruptions"]) == (2, 2, 2)
    assert (total["seconds"], total["mean_seconds"]) == (31.0, 15.5)
    assert (total["tool_calls"], total["tool_failures"], total["tool_success"]) == (3, 1, 0.6667)
    assert total["latency"]["llm"] == {"turns": 1, "p50_ms": 400, "p95_ms": 400}
    assert total["latency"]["tts"] == {"turns": 0, "p50_ms": None, "p95_ms": None}
    assert [first["calls"], second["calls"]] == [1, 1]
    assert [first["tool_success"], second["tool_success"]] == [0.6667, None]
    assert second["start"] == "2026-03-02T00:00:00Z"


async def test_calls_of_one_agent_are_counted(api: Api, own: Tenant) -> None:
    made = (await api.post("/api/agents", agent())).json["id"]
    await add_call(own, DAY, agent_id=made)
    await add_call(own, DAY)
    told = (await api.get(f"/api/agents/{made}/statistics?{TWO_DAYS}&by=hour")).json

    assert told["total"]["calls"] == 1
    assert len(told["periods"]) == 48


async def test_an_agent_without_calls_has_figures_too(api: Api) -> None:
    made = (await api.post("/api/agents", agent())).json["id"]
    told = (await api.get(f"/api/agents/{made}/statistics")).json

    assert told["total"]["calls"] == 0
    assert told["total"]["mean_seconds"] is None
    assert len(told["periods"]) == 8  # of 7 days, which begin and end within one
    since, until = (datetime.fromisoformat(told[name]) for name in ("from", "to"))
    assert until - since == timedelta(days=7)
    assert abs(datetime.now(UTC) - until) < timedelta(minutes=1)


async def test_an_agent_that_was_deleted_keeps_its_figures(api: Api, own: Tenant) -> None:
    made = (await api.post("/api/agents", agent())).json["id"]
    await add_call(own, DAY, agent_id=made)
    await api.delete(f"/api/agents/{made}")

    assert (await api.get(f"/api/agents/{made}/statistics?{TWO_DAYS}")).json["total"]["calls"] == 1


async def test_an_agent_that_never_was_is_not_there(api: Api) -> None:
    answered = await api.get(f"/api/agents/{new_id()}/statistics")

    assert answered.status == 404


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ("from=2026-03-02&to=2026-03-01", "from"),
        ("from=2026-03-01&to=2026-03-01", "from"),
        ("from=2026-01-01&to=2026-03-01&by=hour", "from"),
        ("from=2020-01-01&to=2026-03-01", "from"),
        ("from=0001-01-01", "from"),
        ("to=9999-12-31", "to"),
        ("from=yesterday", "from"),
        ("by=week", "by"),
        ("until=2026-03-01", "until"),
    ],
)
async def test_what_is_wrong_is_named_by_its_field(api: Api, asked: str, field: str) -> None:
    refused = await api.get(f"/api/statistics?{asked}")

    assert refused.status == 422, refused.text
    assert [*refused.errors] == [field]
