"""What runs once never runs twice, whatever becomes of its process."""

import asyncio
from collections.abc import Iterator
from typing import Any

from app import ToolError, tool
from app.session.tool_once import CARRIED, MOST, Once
from tests.session.doubles import FakeKeeper, Runs
from tests.session.keeping import Dial, agent_with, ask, kept, resent, resume, revived


async def test_a_tool_whose_result_is_there_at_once_waits_for_no_keeper(
    call: Dial, keeper: FakeKeeper
) -> None:
    @tool
    async def quick() -> str:
        """Be quick."""
        return "ok"

    line = call(agent_with(quick))
    await line.open()
    line.session.capture()  # as the keeper does once it has heard of a change
    keeper.log.clear()
    await line.tool_call("quick")

    assert keeper.log == ["changed"]
    assert line.session._tool_calls.capture() is None


async def test_what_runs_once_begins_only_when_that_is_durable_and_answers_when_the_result_is(
    call: Dial, keeper: FakeKeeper, pay: Any, runs: Runs, gate: asyncio.Event
) -> None:
    line = call(agent_with(pay))
    await line.open()
    keeper.gate.clear()
    ask(line, "pay", price=5)
    await asyncio.sleep(0)
    assert runs == []
    keeper.gate.set()
    await runs.begun()
    assert [one["once"] for one in keeper.durable["calls"]] == [keeper.durable["once"][0][0]]
    assert keeper.durable["once"][0][1] is None
    keeper.gate.clear()
    gate.set()
    for _ in range(10):
        await asyncio.sleep(0)
    assert line.outputs("t1") == []
    keeper.gate.set()

    assert await line.output("t1") == {"paid": 5}
    assert keeper.durable["once"][0][1] == '{"paid":5}'


async def test_what_runs_once_is_refused_while_nothing_can_be_kept(
    call: Dial, keeper: FakeKeeper, pay: Any, runs: Runs, gate: asyncio.Event
) -> None:
    gate.set()
    line = call(agent_with(pay))
    await line.open()
    keeper.is_away = True
    assert "not begun" in (await line.tool_call("pay", "1", price=5))["error"]
    keeper.is_away = False

    assert await line.tool_call("pay", "2", price=5) == {"paid": 5}
    assert runs == [5]


async def test_a_result_that_cannot_be_kept_is_told_all_the_same(
    call: Dial, keeper: FakeKeeper, pay: Any, runs: Runs, gate: asyncio.Event
) -> None:
    line = call(agent_with(pay))
    await line.open()
    ask(line, "pay", price=5)
    await runs.begun()
    keeper.is_away = True
    gate.set()

    assert await line.output("t1") == {"paid": 5}


async def test_what_had_begun_to_run_once_is_not_repeated_and_the_model_knows(
    call: Dial, keeper: FakeKeeper, pay: Any, runs: Runs, gate: asyncio.Event
) -> None:
    application = agent_with(pay)
    line = call(application)
    await line.open()
    ask(line, "pay", price=5)
    await runs.begun()
    gate.set()
    again = await revived(application, keeper.durable)
    assert resume(again) == ["outcome unknown"]

    assert "nobody knows" in (await again.output("t1"))["error"]
    assert "not known yet" in (await again.tool_call("pay", "t2", price=5))["result"]
    assert await again.tool_call("pay", "t3", price=6) == {"paid": 6}
    assert runs == [5, 6]


async def test_a_result_that_was_durable_is_sent_again_under_its_id_and_counted(
    call: Dial, keeper: FakeKeeper, pay: Any, runs: Runs, gate: asyncio.Event
) -> None:
    gate.set()
    application = agent_with(pay)
    line = call(application)
    await line.open()
    assert await line.tool_call("pay", price=5) == {"paid": 5}
    again = await revived(application, keeper.durable)
    assert resume(again) == ["its result is sent again"]

    assert await again.output("t1") == {"paid": 5}
    assert resent(again) == 1
    assert (await again.tool_call("pay", "t2", price=5))["result"] == {"paid": 5}
    assert runs == [5]


async def test_what_was_to_run_once_and_had_not_begun_runs(
    call: Dial, keeper: FakeKeeper, pay: Any, runs: Runs, gate: asyncio.Event
) -> None:
    application = agent_with(pay)
    line = call(application)
    await line.open()
    keeper.gate.clear()
    ask(line, "pay", price=5)
    await line.session._tool_calls.finish(0.0)
    again = await revived(application, kept(line))
    assert resume(again) == ["runs again"]
    gate.set()

    assert await again.output("t1") == {"paid": 5}
    assert runs == [5]


async def test_a_late_tool_that_runs_once_is_told_as_unknown(
    call: Dial, keeper: FakeKeeper, runs: Runs
) -> None:
    @tool(once=True, timeout=0.05)
    async def pay() -> None:
        """Pay."""
        runs.append(1)
        await asyncio.Event().wait()

    application = agent_with(pay)
    line = call(application)
    await line.open()
    await line.tool_call("pay")
    again = await revived(application, kept(line))
    assert resume(again) == ["outcome unknown"]
    context, _ = await again.command("agent:update", 2)

    assert "nobody knows" in context["messages"][0]["content"]
    assert runs == [1]


async def test_what_failed_once_is_not_tried_again_in_another_process(
    call: Dial, keeper: FakeKeeper
) -> None:
    @tool(once=True)
    async def pay() -> None:
        """Pay."""
        raise ToolError("The card was refused.")

    application = agent_with(pay)
    line = call(application)
    await line.open()
    assert await line.tool_call("pay") == {"error": "The card was refused."}
    again = await revived(application, kept(line))
    resume(again)

    assert "not known" in (await again.tool_call("pay", "t2"))["result"]


def big() -> Iterator[tuple[str, bytes]]:
    return ((f"pay:{number}", b'"%b"' % (b"x" * 4000)) for number in range(10))


def test_a_checkpoint_carries_the_newest_results_and_knows_of_the_others() -> None:
    once = Once()
    for key, result in big():
        once.begin(key)
        once.finish(key, result)
    value = once.capture()
    other = Once()
    other.restore(value)

    assert sum(len(result or "") for _, result in value) <= CARRIED
    assert b"xxx" in (other.told("pay:9") or b"")
    assert b"not done twice" in (other.told("pay:0") or b"")
    assert other.result("pay:0") is None
    assert [key for key, _ in value] == [key for key, _ in big()]


def test_what_ran_once_is_bounded_and_what_may_still_run_is_not_forgotten() -> None:
    once = Once()
    once.begin("open")
    for number in range(2 * MOST):
        once.begin(str(number))
        once.finish(str(number), b"1")

    assert len(once.capture()) <= MOST
    assert "open" in once
