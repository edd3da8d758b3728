"""Begins a coroutine at once, and gives it a task only when it has to wait.

Most tools and hooks end without ever waiting, and a task that runs once costs as much as all else
that a message costs. So a coroutine's first step runs right here, as the step of a task that was
made earlier and is parked; if the coroutine waits then, that task takes it over. For the coroutine
there is no difference: ``current_task()``, timeouts and cancelling work from its first line.
(Python 3.12 has eager tasks of its own; this does the same on 3.11, and makes no task at all for
those that do not wait.)

``_enter_task`` and ``_leave_task`` are asyncio's documented hooks for whoever runs tasks' steps:
https://docs.python.org/3/library/asyncio-extending.html
"""

import asyncio
from asyncio import CancelledError, current_task
from asyncio.tasks import _enter_task, _leave_task
from collections.abc import Coroutine, Generator
from contextvars import Context
from typing import Any

Work = Coroutine[Any, Any, Any]


class Parked:
    """A task that waits to take something over."""

    __slots__ = ("_rest", "_wake", "_work", "task")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._wake: asyncio.Future[None] = loop.create_future()
        self._work: Work | None = None
        self._rest: Rest | None = None
        self.task = loop.create_task(self._drive())

    @property
    def is_usable(self) -> bool:
        """Whether it still waits; a coroutine may have cancelled it as its own task."""
        return not self._wake.done()

    def take_over(self, rest: "Rest", work: Work) -> None:
        """Go on with ``work``, which awaits the rest of what was begun."""
        self._rest, self._work = rest, work
        self.task.add_done_callback(self._close)
        if self.is_usable:
            self._wake.set_result(None)

    async def _drive(self) -> Any:
        try:
            await self._wake
        except CancelledError as cancelled:
            if self._rest is None:
                raise
            self._rest.error = cancelled
        work, self._work = self._work, None
        assert work is not None
        return await work

    def _close(self, _task: object) -> None:
        """Cancelled before it could take over: both end as coroutines that nobody runs."""
        if self._work is not None and self._rest is not None:
            self._work.close()
            self._rest.work.close()


class Rest:
    """What is left of a coroutine that was begun: to be awaited once, in its parked task."""

    __slots__ = ("_context", "_waits_for", "error", "parked", "work")

    def __init__(self, work: Work, waits_for: Any, context: Context, parked: Parked) -> None:
        self.work, self.parked = work, parked
        self._waits_for, self._context = waits_for, context
        self.error: BaseException | None = None

    def __await__(self) -> Generator[Any, Any, Any]:
        """Step by step, in its own context."""
        work, context, waits_for = self.work, self._context, self._waits_for
        try:
            if self.error is not None:
                waits_for = context.run(work.throw, self.error)
            while True:
                try:
                    value = yield waits_for
                except BaseException as thrown:
                    waits_for = context.run(work.throw, thrown)
                else:
                    waits_for = context.run(work.send, value)
        except StopIteration as done:
            return done.value


class Starter:
    """Begins coroutines on one loop."""

    __slots__ = ("_loop", "_spare")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._spare = [Parked(loop)]

    def step(self, work: Work, context: Context) -> tuple[Any, Rest | None]:
        """Run a coroutine's first step now; what it raises is raised.

        Returns:
            What it returned, and None; or else None and its rest, for :meth:`go_on`.
        """
        loop, spare = self._loop, self._spare
        parked = spare.pop() if spare else Parked(loop)
        caller = current_task(loop)
        if caller is not None:
            _leave_task(loop, caller)
        _enter_task(loop, parked.task)
        try:
            waits_for = context.run(work.send, None)
        except BaseException as error:
            if parked.is_usable:
                spare.append(parked)
            if error.__class__ is StopIteration:
                return error.value, None
            raise
        finally:
            _leave_task(loop, parked.task)
            if caller is not None:
                _enter_task(loop, caller)
        if not spare:
            spare.append(Parked(loop))
        return None, Rest(work, waits_for, context, parked)

    def go_on(self, rest: Rest, work: Work) -> asyncio.Task[Any]:
        """Let the parked task run ``work``, a coroutine that awaits the rest."""
        rest.parked.take_over(rest, work)
        return rest.parked.task

    def begin(self, work: Work, context: Context) -> asyncio.Task[Any] | None:
        """Begin a coroutine; the task that goes on with it, or None if it has ended."""
        try:
            _, rest = self.step(work, context)
        except CancelledError:
            return None
        return None if rest is None else self.go_on(rest, finish(rest))

    def close(self) -> None:
        """Let go of the parked tasks, as the last thing that a node does."""
        for parked in self._spare:
            parked.task.cancel()
        self._spare = []


async def finish(rest: Rest) -> Any:
    """Just the rest."""
    return await rest
