"""PostgreSQL stops while calls are live: they go on, and are recorded when it is back."""

from collections.abc import AsyncIterator, Iterator

import pytest
from structlog.testing import capture_logs

from app.keys import COUNTERS
from app.records import Recorder
from app.store import Store, Tenant, open_store
from app.testing import Cordboard, Twin
from tests.records.conftest import record_of
from tests.services.postgres import Postgres, postgres


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A server of its own, which the test can stop."""
    with postgres() as server:
        yield server


@pytest.fixture
async def store(server: Postgres) -> AsyncIterator[Store]:
    store = await open_store(server.url())
    yield store
    await store.close()


async def test_calls_go_on_while_the_store_is_away_and_are_recorded_when_it_is_back(
    server: Postgres, jambonz: Twin, cordboard: Cordboard, recorder: Recorder, tenant: Tenant
) -> None:
    async with await jambonz.call("/desk") as before:
        await before.say("Hello.")
        await recorder.settle(before.call_sid, patience=10)
        server.stop()
        try:
            with capture_logs() as logs:
                await before.say("Are you there?")
                async with await jambonz.call("/desk") as during:
                    answer = await during.say("Hello.")
                assert not await recorder.settle(during.call_sid, patience=0.5)
        finally:
            server.start()

    assert answer
    assert [one["event"] for one in logs if "record" in one["event"]] == ["records_wait"]
    for call, said in ((before, ["Hello.", "Are you there?"]), (during, ["Hello."])):
        found, story = await record_of(recorder, tenant, call.call_sid)
        assert found.status == "ended"
        assert [turn.caller for turn in story.transcript if turn.caller] == said
    registry = cordboard.app[COUNTERS].registry
    assert not registry.get_sample_value("cordboard_records_lost_total", {"what": "calls"})
