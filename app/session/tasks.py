"""What runs for a call: each task is its own, and ends with it."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

from typing_extensions import TypeVar

from app.application import Application
from app.organisation import DEFAULT_ORGANISATION
from app.session.eager import Rest
from app.session.facts import E, S
from app.session.runtime import Runtime
from app.session.told import ToldCall
from app.session.user_code import UserCode, run

T = TypeVar("T")


class BusyCall(ToldCall[S, E]):
    """A call, and the tasks that run for it."""

    __slots__ = ("_loop", "_tasks")

    def __init__(
        self,
        application: Application[Any, Any],
        runtime: Runtime,
        path_params: Mapping[str, str] | None,
        organisation_id: str = DEFAULT_ORGANISATION,
    ) -> None:
        super().__init__(application, runtime, path_params, organisation_id)
        self._loop = asyncio.get_running_loop()  # asking for it anew costs a system call
        self._tasks: set[asyncio.Task[Any]] = set()

    def _start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run something for this call; it is cancelled when the call ends."""
        task = self._loop.create_task(work, context=self._context.copy())
        self._keep(task)
        return task

    def _start_now(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any] | None:
        """The same, begun at once; None if it did not have to wait for anything."""
        task = self._runtime.starter.begin(work, self._context.copy())
        if task is not None:
            self._keep(task)
        return task

    def _go_on(self, rest: Rest, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run ``work``, which awaits the rest of what was begun for this call."""
        task = self._runtime.starter.go_on(rest, work)
        self._keep(task)
        return task

    def _keep(self, task: asyncio.Task[Any]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._forget)  # which keeps the call for as long as the task runs
        self._runtime.waiting.add(self)  # type: ignore[arg-type]
        if self._is_ended:
            task.cancel()

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)

    async def _run_quietly(self, kind: str, code: UserCode, event: object) -> object:
        """Run a handler whose answer goes nowhere; None if it fails."""
        try:
            return await run(code, self, event, self._runtime.threads)
        except Exception as error:
            self._failed(kind, code, error)
            return None
        finally:
            self._changed()
