"""Run an author's function: on the loop if it is async, else in a thread."""

import asyncio
import contextvars
import inspect
from collections.abc import Awaitable
from concurrent.futures import Executor
from functools import partial
from types import CoroutineType
from typing import Any, Protocol

import orjson

from app.protocol import LocalError
from app.session.eager import Rest, Starter


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
    except BaseException as error:
        if (found := bearable(error)) is error:
            raise
        raise found from error


def begin(
    code: UserCode, session: object, event: object, starter: Starter, context: contextvars.Context
) -> tuple[Any, Rest | None]:
    """Begin async ``code``: what it returns, or its rest, which :func:`run_rest` runs.

    Raises:
        UserCodeError: As :func:`run`.
    """
    try:
        work = code.call(session, event)
        if work.__class__ is not CoroutineType:
            work = awaiting(work)
        return starter.step(work, context)
    except asyncio.CancelledError as error:
        raise UserCodeError("it was cancelled by itself or by what it awaited") from error
    except BaseException as error:
        if (found := bearable(error)) is error:
            raise
        raise found from error


async def run_rest(rest: Rest) -> Any:
    """Run the rest of what was begun to its end.

    Raises:
        UserCodeError: As :func:`run`.
    """
    try:
        return await rest
    except BaseException as error:
        if (found := bearable(error)) is error:
            raise
        raise found from error


def bearable(error: BaseException) -> BaseException:
    """What an author's function raised, or in its place what may reach the event loop."""
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        if task is None or task.cancelling():
            return error
        return UserCodeError("something that it awaited was cancelled")
    if isinstance(error, Exception | KeyboardInterrupt | GeneratorExit):
        return error
    # sys.exit would stop the event loop; anything else would leave jambonz without an answer.
    return UserCodeError(f"it raised {error!r}")


async def awaiting(value: Awaitable[Any]) -> Any:
    """Anything that can be awaited, as a coroutine."""
    return await value


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
