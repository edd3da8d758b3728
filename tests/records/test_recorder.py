"""The recorder: long calls, calls that nobody answers, calls that come back, updates over MCP."""

from collections.abc import Sequence
from typing import Any

import pytest

from app import Application, Session, Verb, say
from app.records import Recorder
from app.records import recorder as recording
from app.session.actor import ACTOR
from app.store import Store, Tenant
from app.store.calls import CallFilter
from app.testing import CallRefused, Cordboard, Twin
from tests.records.conftest import desk, record_of

talk = Application("/talk")


@talk.session_new
async def answer(_: Session) -> Verb:
    """Say something and hang up."""
    return say("Hello.")


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    """What is tested here does not depend on the engine."""
    return sqlite_store


@pytest.fixture
def cordboard_applications() -> Sequence[Application[Any, Any]]:
    return [desk, talk]


async def test_a_call_without_an_agent_is_recorded_too(
    jambonz: Twin, recorder: Recorder, tenant: Tenant
) -> None:
    async with await jambonz.call("/talk") as call:
        assert await call.heard() == "Hello."

    found, story = await record_of(recorder, tenant, call.call_sid)

    assert (found.application, found.status, found.turns) == ("/talk", "ended", 0)
    assert [one["call_status"] for one in story.statuses][-1] == "completed"


async def test_a_call_that_nobody_answers_is_recorded(
    jambonz: Twin, recorder: Recorder, tenant: Tenant
) -> None:
    with pytest.raises(CallRefused):
        await jambonz.call("/desk", direction="outbound", to="+16175550100", answer="busy")
    await recorder.settle("", patience=10)

    [found] = (await tenant.calls.list(CallFilter())).calls

    assert (found.status, found.end_reason, found.direction) == ("ended", "busy", "outbound")
    assert found.to_number == "+16175550100"


async def test_a_long_call_is_written_while_it_goes_on(
    jambonz: Twin, recorder: Recorder, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "PIECE_SECONDS", 0.0)
    monkeypatch.setattr(recording, "LOOK_SECONDS", 0.0)
    async with await jambonz.call("/desk") as call:
        for number in range(3):
            await call.say(f"Number {number}.")
            recorder._look()
            await recorder.settle("", patience=10)
        parts = await tenant.calls.parts(call.call_sid)
        assert len(parts) >= 3

    found, story = await record_of(recorder, tenant, call.call_sid)

    said = [turn.caller for turn in story.transcript if turn.caller]
    assert said == ["Number 0.", "Number 1.", "Number 2."]
    assert found.turns == sum(bool(turn.latency) for turn in story.transcript)


async def test_a_call_whose_socket_was_lost_is_one_record(
    jambonz: Twin, recorder: Recorder, tenant: Tenant
) -> None:
    async with await jambonz.call("/desk") as call:
        await call.say("Before.")
        await call.drop()
        await call.reconnected()
        await call.say("After.")

    found, story = await record_of(recorder, tenant, call.call_sid)

    assert [turn.caller for turn in story.transcript if turn.caller] == ["Before.", "After."]
    assert len((await tenant.calls.list(CallFilter())).calls) == 1
    assert found.end_reason == "completed"


async def test_an_update_belongs_to_whoever_asked_for_it(
    jambonz: Twin, cordboard: Cordboard, recorder: Recorder, tenant: Tenant
) -> None:
    async with await jambonz.call("/desk") as call:
        session = cordboard.calls.get(call.call_sid)
        assert session is not None
        token = ACTOR.set("person:1")
        await session.inject_context("Hi.")
        await session.command("tag", {"level": "gold"})
        ACTOR.reset(token)
        await call.updates(1)

    _, story = await record_of(recorder, tenant, call.call_sid)

    assert [(one.type, one.by) for one in story.updates] == [
        ("inject_context", "person:1"),
        ("tag", "person:1"),
    ]


async def test_what_waits_is_written_when_the_node_stops(
    jambonz: Twin, recorder: Recorder, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "TICK", 3600.0)
    async with await jambonz.call("/desk") as call:
        await call.say("Hello.")

    await recorder.close()

    found = await tenant.calls.get(call.call_sid)
    assert found is not None
    assert found.status == "ended"
