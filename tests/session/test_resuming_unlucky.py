"""A call that was kept, and something in it or about it is not as it should be."""

import asyncio
from dataclasses import replace

import orjson
import pytest
import structlog

from app.session import resuming
from app.session.checkpoint import MAX_BYTES
from tests.session.conftest import CALL, Line
from tests.session.elsewhere import (
    Place,
    an_agent,
    crash,
    crash_and_redial,
    helper,
    keeper_of,
    redial,
)
from tests.session.keeper import DictKeeper


async def begun(place: Place, **options: object) -> Line:
    line = Line(helper(an_agent(**options)), place())
    await line.open()
    return line


async def test_a_number_that_json_cannot_hold_costs_nothing_else(place: Place) -> None:
    line = await begun(place)
    line.session.state.turns = 2**90
    line.session.state.names.add("Ann")
    with structlog.testing.capture_logs() as logs:
        line.session.log = line.session.log.new()
        checkpoint = orjson.loads(line.session.capture())

    assert checkpoint["state"] == {"names": ["Ann"]}
    assert [one["what"] for one in logs if one["event"] == "state_not_kept"] == ["turns"]


async def test_a_call_that_cannot_be_as_it_was_is_answered_all_the_same(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a module of the author's")

    line = await begun(place)
    crash(line)
    monkeypatch.setattr(resuming, "restore", fail)
    again = await redial(line, place)

    assert await again.tool_call("ping") == {"result": "pong"}


async def test_long_instructions_and_what_is_owed_cost_no_state(place: Place) -> None:
    line = await begun(place, instructions="Be kind. " * 10_000)
    with structlog.testing.capture_logs() as logs:
        line.event("turn_end")
        text = line.session.capture()
    again = await crash_and_redial(line, place)

    assert len(text) > MAX_BYTES  # jambonz may not have got all of the prompt
    cuts = [one["what"] for one in logs if one["event"] == "checkpoint_cut"]
    assert not any("state" in what for what in cuts)
    assert again.session.state.turns == 1


@pytest.mark.parametrize("is_over", [True, False])
async def test_nothing_is_kept_of_a_call_that_ends_while_it_is_fetched(
    place: Place, is_over: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = await begun(place)
    crash(line)
    again = Line(line.application, place(), count=line.count + 1)
    keeper_of(again).gate.clear()
    again.send("session:reconnect", CALL)
    again.session.attach(again.socket)
    runtime = again.session._runtime
    runtime.limits = replace(runtime.limits, linger=0.01)
    forgotten = asyncio.Event()
    monkeypatch.setattr(DictKeeper, "over", lambda *_: forgotten.set())
    again.session.lost(again.socket, cleanly=is_over, is_over=is_over)

    await asyncio.wait_for(forgotten.wait(), timeout=5)
