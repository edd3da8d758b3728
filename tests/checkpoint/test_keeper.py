"""The keeper writes what has changed, together, and off the path of messages."""

import asyncio
from collections.abc import Sequence

import pytest

from app.bus import BusUnavailable, Entry, MemoryBus, Written
from tests.checkpoint.conftest import SmallCall, SmallNode, Table, keeping, make_node


async def settle(node: SmallNode, *calls: SmallCall) -> list[bool]:
    """Whether each is durable now."""
    return [*await asyncio.gather(*(node.keeper.settled(call) for call in calls))]


async def until_settled(bus: Table, node: SmallNode, call: SmallCall) -> None:
    """Wait until a call can be written."""
    while not await node.keeper.settled(call):
        await bus.until(len(bus.batches) + 1)


async def test_calls_that_change_are_written_together_and_captured_once(bus: Table) -> None:
    async with keeping(make_node(bus)) as node:
        calls = [node.call(f"c{number}") for number in range(3)]
        for call in (*calls, *calls):
            node.keeper.changed(call)

        assert await bus.until(1) == [["c0=new", "c1=new", "c2=new"]]
    assert [call.captures for call in calls] == [1, 1, 1]


async def test_what_is_urgent_goes_out_before_what_merely_changed(bus: Table) -> None:
    async with keeping(make_node(bus)) as node:
        slow, soon = node.call("slow"), node.call("soon")
        node.keeper.changed(slow)
        node.keeper.changed(soon, soon=True)

        assert await bus.until(2) == [["soon=new"], ["slow=new"]]


async def test_what_becomes_urgent_while_something_is_written_goes_out_with_the_next(
    bus: Table,
) -> None:
    async with keeping(make_node(bus)) as node:
        bus.gate.clear()
        first = asyncio.create_task(node.keeper.settled(node.call("first")))
        await bus.until(1)
        others = [asyncio.create_task(node.keeper.settled(node.call(f"c{n}"))) for n in range(3)]
        await asyncio.sleep(0)
        bus.gate.set()

        assert all(await asyncio.gather(first, *others))
    assert (await bus.until(2))[1] == ["c0=new", "c1=new", "c2=new"]


async def test_a_change_during_the_writing_is_written_too(bus: Table) -> None:
    async with keeping(make_node(bus)) as node:
        call = node.call("call", "one")
        bus.gate.clear()
        settled = asyncio.create_task(node.keeper.settled(call))
        await bus.until(1)
        call.text = "two"
        node.keeper.changed(call)
        bus.gate.set()

        assert await settled
        assert await bus.until(2) == [["call=one"], ["call=two"]]


async def test_thousands_of_calls_leave_the_loop_its_turns(bus: Table) -> None:
    node = make_node(bus)
    turns = 0

    def work() -> None:
        sum(range(2000))

    for number in range(2000):
        call = node.call(f"c{number}")
        call.on_capture = work
        node.keeper.changed(call)
    async with keeping(node):
        while len(bus.batches) < 8:
            await asyncio.sleep(0)
            turns += 1

    assert sum(len(batch) for batch in bus.batches) == 2000
    assert turns > 8
    assert max(len(batch) for batch in bus.batches) <= 250


async def test_a_call_keeps_the_number_that_it_was_given(bus: Table) -> None:
    async with keeping(make_node(bus)) as node:
        call = node.call("call")
        assert await node.keeper.settled(call)
        assert await node.keeper.settled(call)

    first, second = (batch[0].epoch for batch in bus.batches)
    assert first == 0
    assert second > 0


async def test_what_has_ended_is_forgotten(bus: Table) -> None:
    async with keeping(make_node(bus)) as node:
        call = node.call("call")
        assert await node.keeper.settled(call)
        node.keeper.changed(call)
        call.leave()
        node.keeper.over(call)

        assert (await bus.until(2))[1:] == [["call=over"]]
        assert await bus.owner("call") is None
        assert not await node.keeper.settled(call)


async def test_what_ended_before_it_was_written_is_never_told(bus: Table) -> None:
    async with keeping(make_node(bus)) as node:
        short, other = node.call("short"), node.call("other")
        node.keeper.changed(short)
        short.leave()
        node.keeper.over(short)
        node.keeper.changed(other)

        assert await bus.until(1) == [["other=new"]]


async def test_what_ends_while_it_is_first_written_is_forgotten_after_that(bus: Table) -> None:
    async with keeping(make_node(bus)) as node:
        bus.gate.clear()
        call = node.call("call")
        node.keeper.changed(call, soon=True)
        await bus.until(1)
        call.leave()
        node.keeper.over(call)
        bus.gate.set()

        assert await bus.until(2) == [["call=new"], ["call=over"]]
        assert await bus.owner("call") is None


async def test_a_call_that_begins_anew_here_goes_on_under_its_number(bus: Table) -> None:
    async with keeping(make_node(bus)) as node:
        earlier = node.call("call", "earlier")
        assert await node.keeper.settled(earlier)
        node.keeper.over(earlier)
        assert await node.keeper.settled(node.call("call", "later"))

        taken = await bus.take_over("call", "two")

    assert taken is not None
    assert taken.checkpoint == b"later"


async def test_a_call_that_cannot_be_captured_costs_the_others_nothing(bus: Table) -> None:
    async with keeping(make_node(bus)) as node:
        broken, sound = node.call("broken"), node.call("sound")
        broken.on_capture = lambda: 1 / 0
        node.keeper.changed(sound)

        assert not await node.keeper.settled(broken)
        assert await node.keeper.settled(sound)
    assert node.count("cordboard_checkpoints_lost_total") == 1


async def test_an_entry_that_the_bus_refuses_costs_the_others_nothing() -> None:
    class Picky(Table):
        async def write(self, node_id: str, entries: Sequence[Entry]) -> Written:
            if any(entry.call_sid == "bad" for entry in entries):
                raise ValueError("it holds what cannot be stored")
            return await super().write(node_id, entries)

    bus = Picky()
    async with keeping(make_node(bus)) as node:
        bad, good = node.call("bad"), node.call("good")
        assert await settle(node, bad, good) == [False, True]
        assert await bus.owner("good") is not None


async def test_while_the_bus_is_away_calls_go_on_and_are_written_afterwards(bus: Table) -> None:
    async with keeping(make_node(bus)) as node:
        bus.is_away = True
        call = node.call("call", "one")

        assert not await node.keeper.settled(call)
        assert node.keeper.is_away
        assert node.count("cordboard_bus_away") == 1
        call.text = "two"
        node.keeper.changed(call)
        bus.is_away = False

        await until_settled(bus, node, call)
        taken = await bus.take_over("call", "two")
    assert taken is not None
    assert taken.checkpoint == b"two"
    assert not call.is_moved


async def test_who_waits_is_not_kept_waiting_by_a_slow_bus(
    bus: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.checkpoint.keeper.SETTLE_SECONDS", 0.01)
    async with keeping(make_node(bus)) as node:
        bus.gate.clear()

        assert not await node.keeper.settled(node.call("call"))
        bus.gate.set()


async def test_a_call_that_another_node_has_taken_is_let_go(bus: Table) -> None:
    async with keeping(make_node(bus)) as node:
        mine, taken = node.call("mine"), node.call("taken")
        assert await settle(node, mine, taken) == [True, True]
        await bus.take_over("taken", "two")

        assert await settle(node, mine, taken) == [True, False]
    assert [mine.is_moved, taken.is_moved] == [False, True]
    assert node.count("cordboard_calls_fenced_total") == 1


async def test_a_bus_that_has_forgotten_everything_is_told_again(bus: Table) -> None:
    async with keeping(make_node(bus)) as node:
        call = node.call("call")
        assert await node.keeper.settled(call)
        bus._calls.clear()

        assert await node.keeper.settled(call)
        assert await bus.owner("call") is not None
    assert not call.is_moved


async def test_a_bus_that_was_away_is_told_of_calls_that_do_not_change(bus: Table) -> None:
    async with keeping(make_node(bus)) as node:
        quiet, other = node.call("quiet"), node.call("other")
        assert await settle(node, quiet, other) == [True, True]
        bus.is_away = True
        assert not await node.keeper.settled(other)
        bus._calls.clear()
        bus.is_away = False

        await until_settled(bus, node, other)
        async with asyncio.timeout(5):
            while await bus.owner("quiet") is None:  # noqa: ASYNC110
                await asyncio.sleep(0)


async def test_a_first_word_whose_answer_was_lost_is_found_out(bus: Table) -> None:
    node = make_node(bus)
    write = bus.write

    async def lose_answer(node_id: str, entries: Sequence[Entry]) -> Written:
        await MemoryBus.write(bus, node_id, entries)
        raise BusUnavailable("the connection broke")

    bus.write = lose_answer  # type: ignore[method-assign]
    async with keeping(node):
        call = node.call("call")
        assert not await node.keeper.settled(call)
        bus.write = write  # type: ignore[method-assign]
        await until_settled(bus, node, call)

    assert not call.is_moved


async def test_at_the_end_all_is_written_and_all_calls_are_let_go(bus: Table) -> None:
    node = make_node(bus)
    call = node.call("call", "last")
    node.keeper.changed(call)

    await node.keeper.close()

    assert call.is_moved
    assert await bus.until(1) == [["call=last"]]
    assert await bus.owner("call") is not None
