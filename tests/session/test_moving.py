"""A call that goes on in another process ends here without a word."""

import asyncio
from typing import Any

import pytest
import structlog

from app import Calls
from app.session import CallMoving, Runtime
from tests.session.conftest import Line
from tests.session.elsewhere import GATES, Place, crash_and_redial, helper, keeper_of, redial
from tests.session.keeper import DictKeeper, Shelf


async def begun(place: Place) -> Line:
    line = Line(helper(), place())
    await line.open()
    return line


async def entries(line: Line, after: int | None = None) -> list[Any]:
    """What a watcher of this process sees until it stops."""
    async with asyncio.timeout(5):
        return [one async for one in line.session._runtime.feed.watch(line.session.key, after)]


async def test_its_socket_is_closed_so_that_jambonz_redials(place: Place) -> None:
    line = await begun(place)
    line.session.moved()

    assert line.socket.closed_with == 1012


async def test_nothing_that_comes_is_taken_and_nothing_is_sent(place: Place) -> None:
    line = await begun(place)
    sent = len(line.socket.frames)
    line.session.moved()
    line.event("turn_end")
    with pytest.raises(CallMoving):
        await line.session.inject_context("Too late.")

    assert line.session.state.turns == 0
    assert len(line.socket.frames) == sent


async def test_nobody_hears_of_an_end(place: Place) -> None:
    line = await begun(place)
    watching = asyncio.create_task(entries(line))
    await asyncio.sleep(0)
    with structlog.testing.capture_logs() as logs:
        line.session.moved()
    told = [one["event"] for one in logs]

    assert "call_moved" in told
    assert "call_ended" not in told
    assert "end" not in [one.kind for one in await watching]
    assert line.session.key in keeper_of(line).shelf.kept
    counted = line.session._runtime.counters.write().decode()
    assert "cordboard_calls 0.0" in counted
    assert 'cordboard_calls_moved_total{application="/help"} 1.0' in counted


async def test_its_functions_are_stopped(place: Place) -> None:
    GATES["c"] = asyncio.Event()
    line = await begun(place)
    data = {"tool_call_id": "t1", "name": "wait_for", "arguments": {"gate": "c"}}
    line.send("agent:tool-call", data, hook="/tools")
    (task,) = line.session._tasks
    line.session.moved()
    await asyncio.wait([task], timeout=5)

    assert task.cancelled()


async def test_a_second_time_does_nothing(place: Place) -> None:
    line = await begun(place)
    line.session.moved()
    with structlog.testing.capture_logs() as logs:
        line.session.moved()
        line.session.end("later")

    assert logs == []


async def test_a_call_that_was_handed_over_goes_on(place: Place) -> None:
    line = await begun(place)
    line.event("turn_end")
    await keeper_of(line).hand_over(line.session, grace=0.0)
    again = await redial(line, place)
    again.event("turn_end")

    assert again.session.state.turns == 2


async def test_who_watched_finds_a_gap_and_misses_nothing_more(place: Place) -> None:
    line = await begun(place)
    line.event("llm_response")
    last = line.session._runtime.feed.last_of(line.session.key)
    again = await crash_and_redial(line, place)
    again.session.end("over")
    seen = await entries(again, after=last)

    assert [one.kind for one in seen][:2] == ["gap", "session"]
    assert seen[0].data == {"lost": None}
    assert seen[1].data == {"type": "resumed"}
    ids = [one.id for one in seen]
    assert ids == sorted(ids)
    assert ids[0] > last


class Recorded:
    """A recorder that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def call_started(self, session: Any, *, is_resumed: bool = False) -> list[Any]:
        self.told.append(("resumed" if is_resumed else "started", session.started))
        return []

    def call_moved(self, session: Any) -> None:
        self.told.append("moved")

    def call_ended(self, session: Any, reason: str) -> None:
        self.told.append("ended")


async def test_its_record_goes_on(place: Place) -> None:
    shelf, here, there = Shelf(), Recorded(), Recorded()
    first = Calls(Runtime(keeper=DictKeeper(shelf), recorder=here))
    second = Calls(Runtime(keeper=DictKeeper(shelf), recorder=there))
    line = Line(helper(), first)
    await line.open()
    await keeper_of(line).hand_over(line.session, grace=0.0)
    again = await redial(line, lambda: second)
    again.session.end("completed")

    assert here.told == [("started", line.session.started), "moved"]
    assert there.told == [("resumed", line.session.started), "ended"]
