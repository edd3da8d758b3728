"""The twin's time: it jumps over what is only waiting, and repeats itself."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from app.application import Application
from app.testing import Cordboard, Twin
from app.twin.clock import VirtualClock
from handlers.menu import menu
from handlers.weather import weather


@pytest.fixture
def cordboard_applications() -> list[Application[Any, Any]]:
    return [weather, menu]


async def test_time_jumps_from_one_moment_to_the_next_in_order() -> None:
    clock = VirtualClock()
    told: list[tuple[str, float]] = []

    async def sleep(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        told.append((name, clock.time()))

    began = time.monotonic()
    await asyncio.gather(sleep("b", 3600), sleep("a", 60), sleep("c", 7200.5))

    assert told == [("a", 60), ("b", 3600), ("c", 7200.5)]
    assert time.monotonic() - began < 1


async def test_time_stands_still_while_it_is_held() -> None:
    clock = VirtualClock()
    woken = asyncio.Event()
    clock.call_later(5, woken.set)

    with clock.hold():
        for _ in range(50):
            await asyncio.sleep(0)
        assert (clock.time(), woken.is_set()) == (0, False)
    await woken.wait()

    assert clock.time() == 5


async def test_a_timer_that_was_cancelled_does_not_move_the_time() -> None:
    clock = VirtualClock()
    clock.call_later(5, lambda: None).cancel()

    await clock.sleep(2)
    await clock.sleep(9)

    assert clock.time() == 11


async def test_a_limit_is_kept_in_virtual_time() -> None:
    clock = VirtualClock()

    with pytest.raises(TimeoutError):
        async with clock.timeout(30):
            await asyncio.Event().wait()
    async with clock.timeout(30):
        await clock.sleep(29)

    assert clock.time() == 59


async def test_time_waits_for_an_application_that_is_busy() -> None:
    busy = [True]
    clock = VirtualClock(is_idle=lambda: not busy[0])
    asyncio.get_running_loop().call_later(0.02, busy.clear)
    busy_until: Callable[[], bool] = lambda: not busy  # noqa: E731
    clock.is_idle = busy_until

    await clock.sleep(1)

    assert busy == []


async def test_a_silence_of_twelve_seconds_makes_the_agent_check_in_at_once(jambonz: Twin) -> None:
    call = await jambonz.call("/weather")
    await call.settled()
    began = time.monotonic()

    said = await call.silence(12)

    assert time.monotonic() - began < 0.05
    assert said
    assert [entry.data["text"] for entry in call.log if entry.kind == "heard"][-1] == said


async def test_a_shorter_silence_is_no_reason_to_speak(jambonz: Twin) -> None:
    call = await jambonz.call("/weather")
    await call.settled()

    assert await call.silence(11.9) == ""
    assert await call.silence(0.2) != ""


async def test_the_same_seed_gives_the_same_trace(cordboard: Cordboard) -> None:
    async def trace(seed: int) -> str:
        async with Twin(
            cordboard.url,
            clock="virtual",
            seed=seed,
            username=cordboard.settings.ws_user,
            is_idle=cordboard.calls.is_at_rest,
        ) as twin:
            call = await twin.call("/weather")
            await call.say("What is the weather in Portland?")
            await call.silence(12)
            await call.say("And in Oslo?")
            await call.hangup()
            return call.trace_hash()

    first, again, once_more, other = [await trace(seed) for seed in (7, 7, 7, 8)]

    assert first == again == once_more
    assert other != first
