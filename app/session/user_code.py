"""Run an author's function: on the loop if it is async, else in a thread."""

import asyncio
import contextvars
from concurrent.futures import Executor
from functools import partial
from typing import Any, Protocol


class UserCode(Protocol):
    """A hook, a tool or a handler, as far as running it goes."""

    @property
    def is_async(self) -> bool:
        """Whether calling it gives an awaitable."""

    def call(self, session: Any, event: Any) -> Any:
        """Call it."""


async def run(code: UserCode, session: object, event: object, threads: Executor) -> Any:
    """Run ``code`` to its end and give what it returns."""
    if code.is_async:
        return await code.call(session, event)
    call = partial(contextvars.copy_context().run, code.call, session, event)
    return await asyncio.get_running_loop().run_in_executor(threads, call)
