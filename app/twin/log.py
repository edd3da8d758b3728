"""What happened on a call, entry by entry, and waiting until something does."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from app.twin.clock import Clock, RealClock
from app.twin.errors import WaitFailed
from app.twin.signal import Signal

Kind = Literal[
    "sent",
    "received",
    "said",
    "heard",
    "speaking",
    "tool_call",
    "tool_output",
    "event",
    "update",
    "verb",
    "status",
    "error",
    "reconnect",
    "note",
    "end",
]
"""What an `Entry` tells.

- `sent`, `received`: a whole message, as JSON, on its way to and from the application.
- `said`: the caller said `text` or pressed `digits`.
- `heard`: the caller heard `text`; `by` names the verb, `interrupted` is true where it was cut,
  `began` is when it began, where speech takes time.
- `speaking`: one word of it, only while speech takes time; where it `joins`, the rest of a word.
- `tool_call`: `tool_call_id`, `name`, `arguments`.
- `tool_output`: `tool_call_id`, `name`, `output`, `ms`.
- `event`: an agent event, with its `type`.
- `update`: the data of an `agent:update`.
- `verb`: `verb`, `event` (`starting` or `finished`) and its `id`, where it has one.
- `status`: the data of a `call:status`.
- `error`: the data of a `jambonz:error` that was sent: `msg`, `details`, …
- `reconnect`: `event` is `lost` (with the close `code`), `failed` or `reconnected`.
- `note`: `text` explains something that has no message of its own; other keys say of what.
- `end`: the call is over: `reason`, `by` (`caller` or `jambonz`), `duration`.

A dialled leg writes into the log of the call that dialled it; its entries carry a `leg`, its
`call_sid`.
"""

SHOWN = 12
"""How many of the last entries a failed wait shows."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened, `time` seconds after the call began; `data` is JSON."""

    time: float
    kind: Kind
    data: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        text = json.dumps(self.data, ensure_ascii=False, default=str)
        return f"{self.time:8.3f} {self.kind:<11} {text if len(text) <= 300 else text[:299] + '…'}"


class Log:
    """The entries of one call, those who watch them, and those who wait for a change."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.entries: list[Entry] = []
        self.clock: Clock = clock or RealClock()
        self._start = self.clock.time()
        self._subscribers: list[Callable[[Entry], None]] = []
        self._signal = Signal()
        self._fault: BaseException | None = None

    @property
    def elapsed(self) -> float:
        """Seconds since the call began."""
        return self.clock.time() - self._start

    def add(self, kind: Kind, data: Mapping[str, Any]) -> Entry:
        """Append an entry, show it to the subscribers and wake those who wait."""
        entry = Entry(round(self.elapsed, 6), kind, dict(data))
        self.entries.append(entry)
        for callback in tuple(self._subscribers):
            callback(entry)
        self.poke()
        return entry

    def fingerprint(self) -> str:
        """A hash of all entries."""
        rows = [(entry.time, entry.kind, entry.data) for entry in self.entries]
        options = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
        return hashlib.sha256(orjson.dumps(rows, default=str, option=options)).hexdigest()

    def note(self, text: str, /, **data: Any) -> None:
        """Append an entry of kind `note`."""
        self.add("note", {**data, "text": text})

    def subscribe(self, callback: Callable[[Entry], None]) -> None:
        """Call back with every later entry."""
        self._subscribers.append(callback)

    def poke(self) -> None:
        """Let those who wait look again: some state changed that has no entry."""
        self.clock.touch()
        self._signal.poke()

    def watch(self, task: "asyncio.Task[Any]") -> None:
        """Let a background task's exception fail the next wait (a callback of the task)."""
        if not task.cancelled() and (fault := task.exception()):
            self._fault = fault
            self.note(f"the twin failed: {fault!r}")

    async def happens(self, done: Callable[[], bool]) -> None:
        """Wait until `done()`, without a limit: for what plays the call, not for a test."""
        await self._signal.until(done)

    async def until(self, done: Callable[[], bool], what: str, limit: float) -> None:
        """Wait until `done()`.

        Raises:
            WaitFailed: If it takes longer than `limit` seconds; the message shows the last entries.
        """
        try:
            async with asyncio.timeout(limit):
                await self._signal.until(lambda: self._fault or done())
        except TimeoutError:
            raise self.failure(f"{what}: not within {limit:g} s") from None
        if self._fault:
            raise self.failure(f"{what}: the twin failed") from self._fault

    def failure(self, text: str) -> WaitFailed:
        """Make the error of a failed wait, with the last entries in its message."""
        last = "\n".join(f"  {entry}" for entry in self.entries[-SHOWN:]) or "  (nothing)"
        return WaitFailed(f"{text}\nthe last of the call's log:\n{last}")
