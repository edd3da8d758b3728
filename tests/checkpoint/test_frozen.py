"""A node that was frozen says nothing before it knows which of its calls it still has."""

import asyncio

from app.checkpoint.pulse import Pulse
from tests.checkpoint.conftest import Table, keeping, make_node


async def nothing() -> None:
    pass


async def test_certainty_runs_out_by_itself_and_a_beat_extends_it() -> None:
    now = 100.0
    pulse = Pulse(15, nothing, list, clock=lambda: now)

    now += 14
    assert pulse.is_certain(now)
    await pulse.beat()
    now += 14
    assert pulse.is_certain(now)
    now += 1.5
    assert not pulse.is_certain(now)


async def test_a_beat_after_a_long_pause_looks_before_it_is_certain_again() -> None:
    now, told = 100.0, []

    async def look() -> None:
        told.append(pulse.is_certain(now))

    pulse = Pulse(15, look, lambda: told.append(pulse.is_certain(now)), clock=lambda: now)
    now += 20

    await pulse.beat()

    assert told == [False, True]


async def test_a_pause_during_the_look_means_another_look() -> None:
    now, looks = 100.0, 0

    async def look() -> None:
        nonlocal now, looks
        looks += 1
        now += 20 if looks == 1 else 1

    pulse = Pulse(15, look, list, clock=lambda: now)
    now += 20

    await pulse.beat()

    assert looks == 2
    assert pulse.is_certain(now)


async def test_a_node_that_wakes_lets_go_of_what_others_took_and_goes_on_with_the_rest(
    bus: Table,
) -> None:
    async with keeping(make_node(bus, "one")) as one:
        mine, taken, ended = (one.call(sid) for sid in ("mine", "taken", "ended"))
        fresh = one.call("fresh")  # begun just before, and never written
        for call in (mine, taken, ended):
            assert await one.keeper.settled(call)
        one.now[0] += 20
        two = make_node(bus, "two")
        await two.keeper.take_over(two.call("taken"))
        async with keeping(two):
            gone = two.call("ended")
            await two.keeper.take_over(gone)
            gone.leave()
            two.keeper.over(gone)
            assert await two.keeper.settled(two.call("other"))
        assert await bus.owner("ended") is None

        assert not one.keeper.is_certain(one.now[0])
        assert one.keeper.doubts(began=999.0)
        assert not one.keeper.doubts(began=one.now[0])
        await one.keeper._pulse.beat()

    assert one.keeper.is_certain(one.now[0])
    assert [call.is_moved for call in (mine, taken, ended, fresh)] == [False, True, True, False]
    assert [call.went_on for call in (mine, taken, ended, fresh)] == [1, 0, 0, 1]


async def test_a_node_that_wakes_without_its_bus_waits_for_it(bus: Table) -> None:
    async with keeping(make_node(bus, "one")) as one:
        call = one.call("call")
        assert await one.keeper.settled(call)
        bus.is_away = True
        one.now[0] += 20
        beat = asyncio.create_task(one.keeper._pulse.beat())
        await bus.until(2)
        assert not one.keeper.is_certain(one.now[0])
        bus.is_away = False
        await beat

    assert one.keeper.is_certain(one.now[0])
    assert call.went_on == 1


async def test_a_call_that_cannot_be_captured_is_looked_up(bus: Table) -> None:
    async with keeping(make_node(bus, "one")) as one:
        mine, taken = one.call("mine"), one.call("taken")
        for call in (mine, taken):
            assert await one.keeper.settled(call)
            call.on_capture = lambda: 1 / 0
        await bus.take_over("taken", "two")
        one.now[0] += 20

        await one.keeper._pulse.beat()

    assert [mine.is_moved, taken.is_moved] == [False, True]
