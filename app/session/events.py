"""Events of one call: hooks run in order, one at a time, apart from the read loop."""

import asyncio
import time
import weakref
from collections import deque
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from app.application import Handler
from app.protocol import (
    Kind,
    Message,
    read_error,
    read_event,
    read_llm_event,
    read_status,
    read_tokens_result,
    read_tts_event,
    read_verb_status,
)
from app.session.eager import Rest
from app.session.user_code import UserCode, begin, copied, run, run_rest

if TYPE_CHECKING:
    from app.session.live import LiveCall

AGENT_EVENT = Kind.AGENT_EVENT
READERS = {
    Kind.AGENT_EVENT: read_event,
    Kind.LLM_EVENT: read_llm_event,
    Kind.CALL_STATUS: read_status,
    Kind.VERB_STATUS: read_verb_status,
    Kind.ERROR: read_error,
    Kind.TTS_EVENT: read_tts_event,
    Kind.TTS_RESULT: read_tokens_result,
}


class EventQueue:
    """Wanted events of a call, and whoever hands them to their hooks."""

    __slots__ = ("_is_draining", "_is_overrun", "_items", "_kind", "_owner", "_started", "_task")

    def __init__(self, session: "LiveCall[Any, Any]") -> None:
        self._owner = weakref.ref(session)  # which holds this: no cycle for the collector
        self._items: deque[tuple[Message, Sequence[UserCode]]] | None = None  # until one waits
        self._task: asyncio.Task[None] | None = None
        self._started = 0.0
        self._kind: Kind | None = None  # of the event that is being handed over
        self._is_draining = self._is_overrun = False

    @property
    def _session(self) -> "LiveCall[Any, Any]":
        session = self._owner()
        assert session is not None, "whatever runs for a call keeps it"
        return session

    @property
    def is_idle(self) -> bool:
        """Whether all events have been handed over."""
        return not self._is_draining

    def put(self, message: Message, hooks: Sequence[UserCode]) -> None:
        """Hand an event to its hooks: now, or when those that came before have had their turn."""
        if self._is_draining:
            self._queue(message, hooks)
            return
        self._is_draining = True
        for number, hook in enumerate(hooks):
            if not hook.is_async:
                self._task = self._session._start_now(self._drain(message, hooks[number:]))
                return
            rest = self._begin(hook, message)
            if rest is not None:
                work = self._drain(message, hooks[number + 1 :], (hook, rest))
                self._kind = message.kind
                self._task = self._session._go_on(rest, work)
                return
        self._is_draining = False
        self._session._changed()

    def _begin(self, hook: UserCode, message: Message) -> Rest | None:
        """Call a hook; what is left of it where it has to wait."""
        session = self._session
        try:
            event = read(hook, message)
            if message.kind is not AGENT_EVENT and not wants(hook, event):
                return None  # those of agents were sorted out by name
            self._started = time.monotonic()
            starter, context = session._runtime.starter, session._context.copy()
            _, rest = begin(hook, session, event, starter, context)
        except Exception as error:
            session._failed("event", hook, error)
            return None
        return rest

    def _queue(self, message: Message, hooks: Sequence[UserCode]) -> None:
        """Let an event wait; when too many do, the oldest is dropped and counted."""
        session = self._session
        items = self._items = self._items or deque()
        if len(items) >= session._runtime.limits.max_events:
            dropped, _ = items.popleft()
            session._runtime.counters.event_dropped()
            session.log.warning("event_dropped", type=dropped.type, waiting=len(items))
        items.append((message, hooks))

    def sweep(self, now: float) -> None:
        """Cancel the hook that runs for too long, so that the next event has its turn."""
        limit = self._session._runtime.limits.hook_timeout
        if self._task is not None and self._started and now - self._started > limit:
            self._is_overrun = True
            self._started = 0.0
            self._task.cancel()

    def finish(self) -> asyncio.Task[None] | None:
        """The call is over: all that is still handed over are its statuses, by the given task."""
        items = self._items or ()
        statuses = [item for item in items if item[0].kind is Kind.CALL_STATUS]
        self._items = deque(statuses) if statuses else None
        return self._task if statuses or self._kind is Kind.CALL_STATUS else None

    async def _drain(
        self,
        message: Message,
        hooks: Sequence[UserCode],
        begun: tuple[UserCode, Rest] | None = None,
    ) -> None:
        """Run the rest of a hook, the hooks behind it, and those of events that came meanwhile."""
        session = self._session
        self._kind = message.kind
        try:
            if begun is not None:
                await self._guard(begun[0], run_rest(begun[1]))
            while True:
                for hook in hooks:
                    await self._run(hook, message)
                if not self._items:
                    break
                message, hooks = self._items.popleft()
                self._kind = message.kind
        finally:
            self._is_draining, self._task, self._kind = False, None, None
            session._changed()

    async def _run(self, hook: UserCode, message: Message) -> None:
        session = self._session
        event = read(hook, message)
        if wants(hook, event):
            self._started = time.monotonic()
            await self._guard(hook, run(hook, session, event, session._runtime.threads))

    async def _guard(self, hook: UserCode, work: Coroutine[Any, Any, Any]) -> None:
        """Await a hook; when it fails or runs for too long, the next one has its turn."""
        session = self._session
        try:
            await work
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self._is_overrun or task is None or task.cancelling() > 1:
                raise
            session._failed("event", hook, TimeoutError("the event hook ran for too long"))
        except Exception as error:
            session._failed("event", hook, error)
        finally:
            self._started = 0.0
            if self._is_overrun:  # also where the hook caught the cancellation
                self._is_overrun = False
                if (task := asyncio.current_task()) is not None:
                    task.uncancel()


def read(hook: UserCode, message: Message) -> object:
    """An event as a hook wants it: a value of its class, or the data as they came."""
    reader = READERS.get(message.kind)
    is_raw = isinstance(hook, Handler) and not hook.is_typed
    return copied(message.data) if is_raw or reader is None else reader(message.data)


def wants(code: UserCode, event: object) -> bool:
    """Whether the annotation of a function names the class of an event, or none at all."""
    events: tuple[type, ...] = getattr(code, "events", ())
    return not events or isinstance(event, events)
