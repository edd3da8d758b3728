"""Which messages of jambonz may overtake each other, and that they do."""

import asyncio
from typing import Any

import pytest

from app.llm import FakeModel, ToolCall
from app.twin import Chaos, Twin
from app.twin.clock import RealClock, VirtualClock
from app.twin.lanes import IN_PLACE, lane_of, may_overtake
from app.twin.road import Road
from tests.twin_app import agent, serving

EVENT = {"type": "agent:event", "data": {"type": "turn_end"}}
TOOL = {"type": "agent:tool-call", "data": {"tool_call_id": "a"}}
OTHER_TOOL = {"type": "agent:tool-call", "data": {"tool_call_id": "b"}}
STATUS = {"type": "call:status", "call_sid": "1", "data": {"call_status": "in-progress"}}
OTHER_LEG = {"type": "call:status", "call_sid": "2", "data": {"call_status": "in-progress"}}
LAST = {"type": "call:status", "call_sid": "1", "data": {"call_status": "completed"}}
HOOK = {"type": "verb:hook", "data": {}}
RECONNECT = {"type": "session:reconnect", "data": {}}
ALL = [EVENT, TOOL, OTHER_TOOL, STATUS, OTHER_LEG, LAST, HOOK, RECONNECT]


def overtakes(later: dict[str, Any], earlier: dict[str, Any]) -> bool:
    return may_overtake(lane_of(later), lane_of(earlier))


@pytest.mark.parametrize("message", ALL)
def test_what_one_part_says_keeps_its_order(message: dict[str, Any]) -> None:
    assert not overtakes(message, message)


@pytest.mark.parametrize("message", ALL)
@pytest.mark.parametrize("fixed", [LAST, RECONNECT, {"type": "jambonz:error", "data": []}])
def test_nothing_overtakes_what_begins_or_ends_a_call(
    message: dict[str, Any], fixed: dict[str, Any]
) -> None:
    assert not overtakes(message, fixed)
    assert not overtakes(fixed, message)


@pytest.mark.parametrize("message", [EVENT, TOOL])
def test_a_hook_waits_for_all_that_its_agent_says(message: dict[str, Any]) -> None:
    assert not overtakes(HOOK, message)
    assert not overtakes(message, HOOK)


@pytest.mark.parametrize(
    ("one", "other"),
    [(EVENT, TOOL), (TOOL, OTHER_TOOL), (STATUS, EVENT), (STATUS, HOOK), (STATUS, OTHER_LEG)],
)
def test_the_parts_of_a_call_do_not_wait_for_each_other(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert overtakes(one, other)
    assert overtakes(other, one)


async def test_a_frame_that_steps_aside_is_overtaken_by_those_that_may() -> None:
    clock = VirtualClock()
    road = Road(clock)
    arrived: list[str | bytes] = []

    async def arrive(frame: str | bytes) -> None:
        arrived.append(frame)

    running = asyncio.create_task(road.run(arrive))
    road.put("event 1", 0.5, lane=("event", ""), is_aside=True)
    road.put("tool", lane=("tool", "a"))
    road.put("event 2", lane=("event", ""))
    road.put("status", lane=("status", ""))
    road.put("end", lane=IN_PLACE)
    await road.emptied()
    running.cancel()

    assert arrived == ["tool", "event 1", "event 2", "status", "end"]


async def test_a_road_that_is_left_forgets_what_was_on_it() -> None:
    road = Road(RealClock())
    running = asyncio.create_task(road.run(None))  # type: ignore[arg-type]
    road.put("late", 60.0, lane=("event", ""), is_aside=True)
    road.put("later", 60.0)
    await asyncio.sleep(0)
    assert not road.is_empty
    running.cancel()
    await road.emptied()
    assert road.is_empty


async def test_an_application_in_order_does_not_mind() -> None:
    ask = ToolCall("call_1", "get_weather", {"city": "Paris"})
    replies: list[str | ToolCall] = ["Hi.", ask, "Fine.", "Bye."]
    async with (
        serving(new=[agent()], tools={"get_weather": "fine"}) as app,
        Twin(
            app.url,
            model=FakeModel(replies),
            chaos=Chaos(reorder=1.0, longest=2.0, seed=1),
            clock="virtual",
            seed=1,
        ) as twin,
    ):
        call = await twin.call()
        assert await call.say("And?") == "Fine."
        assert await call.say("Thank you.") == "Bye."
        await call.hangup()

    sent = [entry.data["msgid"] for entry in call.log if entry.kind == "sent"]
    came = [message["msgid"] for message in app.messages]
    assert sorted(sent) == sorted(came)
    assert sent != came
    assert [m["data"]["response"] for m in app.of("agent:event", type="turn_end")] == [
        "Hi.",
        "Fine.",
        "Bye.",
    ]
