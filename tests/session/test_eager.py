"""Coroutines that begin at once: the same for the coroutine, without a task for those that end."""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from app.session.eager import Starter

COLOUR: contextvars.ContextVar[str] = contextvars.ContextVar("colour", default="none")


@pytest.fixture
async def starter() -> AsyncIterator[Starter]:
    made = Starter(asyncio.get_running_loop())
    yield made
    made.close()
    await asyncio.sleep(0)


def begin(starter: Starter, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any] | None:
    return starter.begin(work, contextvars.copy_context())


async def test_what_does_not_wait_has_ended_before_begin_returns_and_needs_no_task(
    starter: Starter,
) -> None:
    ran: list[asyncio.Task[Any] | None] = []

    async def work() -> None:
        ran.append(asyncio.current_task())

    tasks = asyncio.all_tasks()
    assert begin(starter, work()) is None
    assert begin(starter, work()) is None

    assert ran[0] is ran[1], "the parked task was used again"
    assert ran[0] is not asyncio.current_task()
    assert asyncio.all_tasks() == tasks


async def test_what_waits_goes_on_in_the_task_that_it_saw_from_its_first_line(
    starter: Starter,
) -> None:
    gate = asyncio.get_running_loop().create_future()
    seen = []

    async def work() -> str:
        seen.append(asyncio.current_task())
        word = await gate
        seen.append(asyncio.current_task())
        await asyncio.sleep(0)
        return str(word)

    task = begin(starter, work())
    assert task is not None
    assert not task.done()
    gate.set_result("open")
    assert await task == "open"
    assert seen == [task, task]


async def test_a_timeout_that_was_entered_in_the_first_step_is_kept(starter: Starter) -> None:
    async def work() -> str:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            return "timed out"
        return "never"

    task = begin(starter, work())
    assert task is not None
    assert await task == "timed out"
    assert not task.cancelling()


async def test_a_timeout_of_nothing_ends_what_has_just_begun(starter: Starter) -> None:
    async def work() -> str:
        try:
            async with asyncio.timeout(0):
                await asyncio.Event().wait()
        except TimeoutError:
            return "timed out"
        return "never"

    task = begin(starter, work())
    assert task is not None
    assert await task == "timed out"


@pytest.mark.parametrize("rounds", [0, 1, 3])
async def test_it_can_be_cancelled_at_any_moment_and_cleans_up(
    starter: Starter, rounds: int
) -> None:
    cleaned = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(COLOUR.get())

    COLOUR.set("blue")
    task = begin(starter, work())
    assert task is not None
    for _ in range(rounds):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])

    assert task.cancelled()
    assert cleaned == ["blue"]


async def test_one_whose_task_never_ran_is_closed_when_it_is_cancelled(starter: Starter) -> None:
    cleaned = []

    async def work(number: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(number)

    tasks = [begin(starter, work(number)) for number in range(3)]  # more than are parked
    for task in tasks:
        assert task is not None
        task.cancel()
    await asyncio.wait([task for task in tasks if task])

    assert sorted(cleaned) == [0, 1, 2]


async def test_one_that_cancels_itself_feels_it_where_it_waits_next(starter: Starter) -> None:
    felt = []

    async def work() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            felt.append(True)
            raise

    task = begin(starter, work())
    assert task is not None
    await asyncio.wait([task])
    assert (felt, task.cancelled()) == ([True], True)


async def test_one_that_cancels_itself_and_ends_does_not_spoil_the_parked_task(
    starter: Starter,
) -> None:
    async def work() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()

    async def later() -> str:
        await asyncio.sleep(0)
        return "fine"

    assert begin(starter, work()) is None
    task = begin(starter, later())
    assert task is not None
    assert await task == "fine"


async def test_each_has_the_context_that_it_was_given_in_every_step(starter: Starter) -> None:
    seen = []

    async def work() -> None:
        seen.append(COLOUR.get())
        COLOUR.set("its own")
        await asyncio.sleep(0)
        seen.append(COLOUR.get())
        await asyncio.create_task(child())

    async def child() -> None:
        seen.append(COLOUR.get())

    context = contextvars.copy_context()
    context.run(COLOUR.set, "red")
    task = starter.begin(work(), context)
    assert task is not None
    await task
    assert seen == ["red", "its own", "its own"]
    assert COLOUR.get() == "none"


async def test_one_may_begin_another_and_each_is_its_own_task(starter: Starter) -> None:
    seen: list[asyncio.Task[Any] | None] = []

    async def inner() -> None:
        seen.append(asyncio.current_task())

    async def outer() -> None:
        seen.append(asyncio.current_task())
        assert begin(starter, inner()) is None
        seen.append(asyncio.current_task())

    own = asyncio.current_task()
    assert begin(starter, outer()) is None
    assert asyncio.current_task() is own
    assert seen[0] is seen[2] is not seen[1]


async def test_what_it_raises_reaches_whoever_began_it_or_whoever_awaits_its_task(
    starter: Starter,
) -> None:
    async def at_once() -> None:
        raise ZeroDivisionError("at once")

    async def later() -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError("later")

    with pytest.raises(ZeroDivisionError, match="at once"):
        begin(starter, at_once())
    task = begin(starter, later())
    assert task is not None
    with pytest.raises(ZeroDivisionError, match="later"):
        await task


async def test_task_groups_and_shields_work_from_the_first_step(starter: Starter) -> None:
    async def child(number: int) -> int:
        await asyncio.sleep(0)
        return number

    async def work() -> list[int]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(child(number)) for number in range(3)]
        return [*(task.result() for task in tasks), await asyncio.shield(child(3))]

    task = begin(starter, work())
    assert task is not None
    assert await task == [0, 1, 2, 3]
