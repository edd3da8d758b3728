"""The verbs still to be run for a session, and the one that runs."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

Verb = dict[str, Any]


class Stack:
    """Runs verbs one after the other; idles when there is none.

    Args:
        perform: Runs one verb.
        changed: Called when the stack became idle or busy.

    Attributes:
        current: The verb that runs.
        has_begun: Whether there was one.
        has_played: Whether the first has come to where it waits for something.
    """

    def __init__(
        self,
        perform: Callable[[Verb], Coroutine[Any, Any, None]],
        changed: Callable[[], None],
    ) -> None:
        self.current: Verb | None = None
        self.has_begun = False
        self.has_played = False
        self._perform = perform
        self._changed = changed
        self._verbs: deque[Verb] = deque()
        self._task: asyncio.Task[None] | None = None
        self._more = asyncio.Event()

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs and nothing is left to run."""
        return self.current is None and not self._verbs

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to run after the present verb."""
        return not self._verbs

    def put(self, verbs: Iterable[Verb]) -> None:
        """Replace what is left, as the verbs of an action hook's ack do."""
        self._verbs = deque(verbs)
        self._more.set()

    def append(self, verbs: Iterable[Verb]) -> None:
        """Add verbs behind what is left."""
        self._verbs.extend(verbs)
        self._more.set()

    def replace(self, verbs: Iterable[Verb]) -> None:
        """Replace what is left and kill the running verb."""
        self.put(verbs)
        self.kill()

    def kill(self) -> None:
        """Kill the running verb; what is left goes on."""
        if self._task:
            self._task.cancel()

    async def run(self) -> None:
        """Run verbs until cancelled, or until one of them fails."""
        while True:
            while not self._verbs:
                self._changed()
                self._more.clear()
                await self._more.wait()
            self.current = self._verbs.popleft()
            try:
                await self._run_current(self.current)
            finally:
                self.current = None

    async def _play(self, verb: Verb) -> None:
        self.has_played = True  # nobody sees it before the verb waits for something
        self._changed()
        await self._perform(verb)

    async def _run_current(self, verb: Verb) -> None:
        task = self._task = asyncio.ensure_future(self._play(verb))
        self.has_begun = True
        self._changed()
        try:
            await asyncio.wait({task})
        finally:
            self._task = None
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
        if not task.cancelled():
            task.result()
