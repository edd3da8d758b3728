"""A call goes from node to node: it is taken over, handed over, and never had by two."""

import asyncio
from datetime import UTC, datetime

import pytest

from app.bus import Node
from tests.checkpoint.conftest import SmallNode, Table, keeping, make_node


def alive(name: str, address: str = "http://127.0.0.1:1") -> Node:
    return Node(name, address, 0, is_draining=False, started=datetime.now(UTC))


async def test_a_call_of_a_node_that_is_gone_is_taken_over_at_once(bus: Table) -> None:
    async with keeping(make_node(bus, "one")) as one:
        assert await one.keeper.settled(one.call("call", "as it was"))
    two = make_node(bus, "two")
    async with keeping(two):
        back = two.call("call")

        assert await two.keeper.take_over(back) == b"as it was"
        back.text = "as it is"
        assert await two.keeper.settled(back)
    owner = await bus.owner("call")
    assert owner is not None
    assert owner.node_id == "two"
    assert two.count("cordboard_calls_taken_over_total") == 1


async def test_a_call_that_nobody_had_has_no_checkpoint(bus: Table) -> None:
    node = make_node(bus)

    assert await node.keeper.take_over(node.call("call")) is None


async def test_a_living_owner_is_asked_to_hand_over_first(bus: Table) -> None:
    asked: list[tuple[str, str]] = []
    one = make_node(bus, "one")

    async def ask(node: Node, key: str, patience: float) -> bool:
        asked.append((node.id, key))
        call.text = "with what its tool found"
        one.keeper.changed(call)
        await one.keeper.hand_over(call, grace=1.5)
        return True

    async with keeping(one), keeping(make_node(bus, "two", ask)) as two:
        await bus.renew(alive("one"))
        call = one.call("call", "while its tool ran")
        assert await one.keeper.settled(call)

        assert await two.keeper.take_over(two.call("call")) == b"with what its tool found"
        assert asked == [("one", "call")]
        assert call.is_moved
    assert one.count("cordboard_calls_fenced_total") == 0


async def test_who_does_not_answer_loses_its_calls_all_the_same_and_is_not_asked_again(
    bus: Table,
) -> None:
    asked: list[str] = []

    async def ask(node: Node, key: str, patience: float) -> None:
        asked.append(key)

    async with keeping(make_node(bus, "one")) as one, keeping(make_node(bus, "two", ask)) as two:
        await bus.renew(alive("one"))
        calls = [one.call("first"), one.call("second")]
        for call in calls:
            assert await one.keeper.settled(call)

        for call in calls:
            assert await two.keeper.take_over(two.call(call.key)) == b"new"
            assert not await one.keeper.settled(call)
    assert asked == ["first"]
    assert all(call.is_moved for call in calls)


async def test_who_has_let_one_call_go_earlier_is_asked_for_the_next(bus: Table) -> None:
    asked: list[str] = []

    async def ask(node: Node, key: str, patience: float) -> bool:
        asked.append(key)
        return False

    async with keeping(make_node(bus, "one")) as one:
        await bus.renew(alive("one"))
        two = make_node(bus, "two", ask)
        for key in ("first", "second"):
            assert await one.keeper.settled(one.call(key))
            assert await two.keeper.take_over(two.call(key)) == b"new"
    assert asked == ["first", "second"]


async def test_of_two_nodes_that_take_the_same_call_only_one_keeps_it(bus: Table) -> None:
    async with keeping(make_node(bus, "gone")) as gone:
        assert await gone.keeper.settled(gone.call("call"))
    async with keeping(make_node(bus, "one")) as one, keeping(make_node(bus, "two")) as two:
        here, there = one.call("call"), two.call("call")
        await asyncio.gather(one.keeper.take_over(here), two.keeper.take_over(there))

        kept = await asyncio.gather(one.keeper.settled(here), two.keeper.settled(there))

    assert sorted(kept) == [False, True]
    assert [here.is_moved, there.is_moved] == [not kept[0], not kept[1]]


async def test_of_two_sockets_that_bring_the_same_call_the_later_one_has_it(bus: Table) -> None:
    async with keeping(make_node(bus, "gone")) as gone:
        assert await gone.keeper.settled(gone.call("call"))
    async with keeping(make_node(bus, "two")) as two:
        earlier, later = two.call("call"), two.call("call")

        first, second = await asyncio.gather(
            two.keeper.take_over(earlier), two.keeper.take_over(later), return_exceptions=True
        )

    assert isinstance(first, asyncio.CancelledError)
    assert second == b"new"
    assert [earlier.is_moved, later.is_moved] == [True, False]


async def test_a_bus_that_comes_back_in_time_is_asked_again(bus: Table) -> None:
    async with keeping(make_node(bus, "gone")) as gone:
        assert await gone.keeper.settled(gone.call("call"))
    node = make_node(bus, "two")
    bus.is_away = True
    taking = asyncio.create_task(node.keeper.take_over(node.call("call")))
    while not node.reach.is_away:  # noqa: ASYNC110
        await asyncio.sleep(0)
    bus.is_away = False

    assert await taking == b"new"


async def test_a_bus_that_stays_away_gives_no_checkpoint(
    bus: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.checkpoint.keeper.TAKE_OVER_SECONDS", 0.05)
    node = make_node(bus)
    bus.is_away = True

    assert await node.keeper.take_over(node.call("call")) is None


async def running_tool(node: SmallNode) -> tuple[asyncio.Event, "asyncio.Task[None]"]:
    call = node.call("call", "tool runs")
    call.tools = asyncio.Event()
    return call.tools, asyncio.create_task(node.keeper.hand_over(call, grace=5))


async def test_a_call_is_handed_over_with_what_its_tools_found(bus: Table) -> None:
    async with keeping(make_node(bus, "one")) as one:
        ended, handing = await running_tool(one)
        call = one.live["call"]
        call.text = "tool ended"
        ended.set()
        await handing

    assert call.is_moved
    assert bus.batches[-1][0].checkpoint == b"tool ended"


async def test_a_call_whose_checkpoint_cannot_be_written_stays(bus: Table) -> None:
    async with keeping(make_node(bus, "one")) as one:
        call = one.call("call")
        bus.is_away = True

        await one.keeper.hand_over(call, grace=0)

    assert not call.is_moved


async def test_a_call_that_was_never_answered_goes_without_a_checkpoint(bus: Table) -> None:
    async with keeping(make_node(bus, "one")) as one:
        call = one.call("call")
        call.is_kept = False

        assert not await one.keeper.settled(call)
        await one.keeper.hand_over(call, grace=0)

    assert call.is_moved
    assert not any(bus.batches)
