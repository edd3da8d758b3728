"""A caller who speaks up frees the call at once, in every state, and nothing stays behind."""

import asyncio
import threading
from typing import Any

import pytest

from app.llm import Token, ToolCall
from app.llm.running import VendorModel
from tests.llm.hearing import CALL, HELLO, PORTLAND, Listener, cut, hear, nothing_is_left
from tests.llm.servers.base import Answer, LoopbackVendor

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMIT = 0.05
"""Seconds after which a consumer must be free."""

TRIES = 3
"""A machine under load may be late by itself: the best of so many counts."""

LONG = ("word ",) * 500
STATES = {
    "before the headers": Answer(stall="headers"),
    "before the first token": Answer(stall="first"),
    "in the middle": Answer(LONG, pace=0.01),
    "stalled": Answer(stall="middle"),
    "not reading": Answer(LONG, pace=0.01),
}


@pytest.mark.parametrize("state", STATES)
async def test_the_call_is_free_at_once_and_nothing_stays_behind(
    vendor: LoopbackVendor, state: str
) -> None:
    times = []
    await vendor.connect().prewarm()  # a first import takes seconds, and a call has it behind it
    for _ in range(TRIES):
        times.append(await barge_in(vendor, state))
        if times[-1] < LIMIT:
            break

    assert min(times) < LIMIT
    assert (await hear(vendor.connect(), HELLO)).end.finish == "stop"


async def barge_in(vendor: LoopbackVendor, state: str) -> float:
    """Cut a listener in a state; wait until the server knows it and all is released."""
    vendor.forget()
    vendor.answer(STATES[state])
    listener = Listener(vendor.connect(), HELLO, holds=state == "not reading")
    task = asyncio.create_task(listener.listen())
    await vendor.begun.wait()
    if not state.startswith("before"):
        await listener.has_begun.wait()

    took = await cut(task)

    heard = len(listener.heard)
    await vendor.someone_left()
    await nothing_is_left()
    assert task.cancelled()
    assert len(listener.heard) == heard
    return took


async def test_a_call_need_not_wait_for_an_sdk_to_load(
    vendor: LoopbackVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first request of a process may come before its SDK is there."""
    model = vendor.connect(timeout=4999)  # of its own, so that its client is made now
    assert isinstance(model, VendorModel)
    loaded, make, began = threading.Event(), model._adapter.make_client, asyncio.Event()
    loop = asyncio.get_running_loop()

    def load() -> Any:
        loop.call_soon_threadsafe(began.set)
        loaded.wait(5)
        return make()

    monkeypatch.setattr(model._adapter, "make_client", load)
    task = asyncio.create_task(Listener(model, HELLO).listen())
    await began.wait()

    took = await cut(task)
    loaded.set()

    assert took < LIMIT
    assert (await hear(vendor.connect(timeout=4999), HELLO)).end.finish == "stop"
    assert len(vendor.requests) == 1, "who left has asked for nothing"
    await nothing_is_left()


async def test_a_barge_in_costs_other_calls_nothing(vendor: LoopbackVendor) -> None:
    vendor.answer(Answer(stall="middle"), Answer(LONG[:20], pace=0.005))
    model = vendor.connect()
    cut_short, other = Listener(model, HELLO), Listener(model, HELLO)
    task = asyncio.create_task(cut_short.listen())
    await cut_short.has_begun.wait()
    going_on = asyncio.create_task(other.listen())
    await other.has_begun.wait()

    await cut(task)
    await going_on

    assert len(other.heard) == 21
    await nothing_is_left()


async def test_a_half_written_call_is_never_made(vendor: LoopbackVendor) -> None:
    vendor.answer(Answer((CALL, "and more"), stall="middle"))
    listener = Listener(vendor.connect(), PORTLAND)
    task = asyncio.create_task(listener.listen())
    await vendor.begun.wait()

    await cut(task)

    await vendor.someone_left()
    assert not any(isinstance(event, ToolCall | Token) for event in listener.heard)


async def test_the_next_turn_finds_a_connection_open(vendor: LoopbackVendor) -> None:
    """That of the answer which was cut is closed, which is how the vendor knows."""
    await nothing_is_left()  # of the test before
    vendor.others.clear()
    vendor.answer(Answer(stall="middle"))
    model = vendor.connect()
    listener = Listener(model, HELLO)
    task = asyncio.create_task(listener.listen())
    await listener.has_begun.wait()

    await cut(task)
    await vendor.someone_left()
    await nothing_is_left()

    opened = [asked for asked in vendor.others if asked.path != "/token"]
    assert len(opened) == 1
    known = set(vendor.connections)
    assert (await hear(model, HELLO)).end.finish == "stop"
    assert vendor.connections == known
