"""Run an author's function: on the loop if it is async, else in a thread."""

import asyncio
import contextvars
import inspect
from concurrent.futures import Executor
from functools import partial
from typing import Any, Protocol

import orjson

from app.protocol import LocalError


class UserCode(Protocol):
    """A hook, a tool or a handler, as far as running it goes."""

    @property
    def is_async(self) -> bool:
        """Whether calling it gives an awaitable."""

    def call(self, session: Any, event: Any) -> Any:
        """Call it."""


class UserCodeError(LocalError):
    """An author's function ended in a way that must not reach the event loop."""


async def run(code: UserCode, session: object, event: object, threads: Executor) -> Any:
    """Run ``code`` to its end and give what it returns.

    Raises:
        UserCodeError: It called ``sys.exit``, raised something stranger, or cancelled itself.
    """
    try:
        if code.is_async:
            value = code.call(session, event)
        else:
            call = partial(contextvars.copy_context().run, call_in_thread, code, session, event)
            value = await asyncio.get_running_loop().run_in_executor(threads, call)
        # A plain wrapper may hide an async function, from us as from its author.
        is_awaitable = code.is_async or inspect.isawaitable(value)
        return await value if is_awaitable else value
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise UserCodeError("something that it awaited was cancelled") from error
    except (Exception, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        # sys.exit would stop the event loop; anything else would leave jambonz without an answer.
        raise UserCodeError(f"it raised {error!r}") from error


def copied(data: dict[str, Any]) -> dict[str, Any]:
    """A payload of the author's own: what they do to it must not reach watchers or records."""
    own: dict[str, Any] = orjson.loads(orjson.dumps(data))
    return own


def call_in_thread(code: UserCode, session: object, event: object) -> Any:
    """Call a sync function."""
    try:
        return code.call(session, event)
    except StopIteration as error:
        # A future cannot carry it: who awaits the function would wait for ever.
        raise UserCodeError("next() found nothing") from error
