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
from types import coroutine
from typing import Any


class Parked:
    """A task that waits to take over a coroutine."""

    __slots__ = ("_context", "_waits_for", "_wake", "_work", "task")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._wake: asyncio.Future[None] = loop.create_future()
        self._work: Coroutine[Any, Any, Any] | None = None
        self.task = loop.create_task(self._drive())

    @property
    def is_usable(self) -> bool:
        """Whether it still waits; a coroutine may have cancelled it as its own task."""
        return not self._wake.done()

    def take_over(self, work: Coroutine[Any, Any, Any], waits_for: Any, context: Context) -> None:
        """Go on with a coroutine that has been begun and waits for something."""
        self._work, self._waits_for, self._context = work, waits_for, context
        self.task.add_done_callback(self._close)
        if self.is_usable:
            self._wake.set_result(None)

    async def _drive(self) -> Any:
        error: CancelledError | None = None
        try:
            await self._wake
        except CancelledError as cancelled:
            if self._work is None:
                raise
            error = cancelled
        work, self._work = self._work, None
        assert work is not None
        return await resumed(work, self._waits_for, self._context, error)

    def _close(self, _task: object) -> None:
        """Cancelled before it could take over: the coroutine ends as any that nobody runs."""
        if self._work is not None:
            self._work.close()


@coroutine
def resumed(
    work: Coroutine[Any, Any, Any], waits_for: Any, context: Context, error: BaseException | None
) -> Generator[Any, Any, Any]:
    """The rest of a coroutine, step by step in its own context."""
    try:
        if error is not None:
            waits_for = context.run(work.throw, error)
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

    def begin(self, work: Coroutine[Any, Any, Any], context: Context) -> asyncio.Task[Any] | None:
        """Run a coroutine's first step now.

        Returns:
            The task that goes on with it, or None if it has ended.
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
            if isinstance(error, StopIteration | CancelledError):
                return None
            raise
        finally:
            _leave_task(loop, parked.task)
            if caller is not None:
                _enter_task(loop, caller)
        parked.take_over(work, waits_for, context)
        if not spare:
            spare.append(Parked(loop))
        return parked.task

    def close(self) -> None:
        """Let go of the parked tasks, as the last thing that a node does."""
        for parked in self._spare:
            parked.task.cancel()
        self._spare = []
