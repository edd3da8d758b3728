"""The processes full of callers, as a test leads them."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from tests.chaos.caller import Asked, Story, Updated
from tests.chaos.processes import KEY, ROOT

LONGEST_LINE = 1 << 28
LONGEST_ANSWER = 20.0


@dataclass(frozen=True)
class Standing:
    """How it stands with all calls: outputs and updates that came, calls that lost their socket."""

    answered: int
    updated: int
    back: int
    away: int
    failed: int


class Crowds:
    """Some processes of callers, which do the same at the same time."""

    def __init__(self, processes: list[asyncio.subprocess.Process]) -> None:
        self._processes = processes
        self.calls = 0
        self.cpu: list[float] = []
        self.lag = 0.0

    async def call(self, url: str, calls: int, *, rest: str = "") -> None:
        """Begin so many calls in all; all must come about."""
        share = calls // len(self._processes)
        counts = [share + (n < calls % len(self._processes)) for n in range(len(self._processes))]
        ws = url.replace("http", "ws", 1)
        orders = [
            {
                "do": "call",
                "url": ws,
                "rest": rest or url,
                "key": KEY,
                "calls": count,
                "first": self.calls + 1000 * n,
            }
            for n, count in enumerate(counts)
        ]
        assert sum(await self._each(*orders)) == calls, "a call was refused"
        self.calls += calls

    async def talk(self, *, pause: float, updates: float = 0.0) -> None:
        """Let all talk: a tool call each so many seconds, and updates with this chance to each."""
        await self._all({"do": "talk", "pause": pause, "updates": updates})

    async def go_on(self, rounds: float, *, limit: float = 60.0) -> None:
        """Wait until each call has had so many more outputs, on average."""
        before = (await self.standing()).answered
        await self.until(lambda now: now.answered >= before + rounds * self.calls, limit)

    async def until(self, done: Callable[["Standing"], bool], limit: float = 60.0) -> float:
        """Wait until it stands so with the calls; gives the moment.

        Raises:
            AssertionError: It does not come to that within so many seconds.
        """
        deadline = time.monotonic() + limit
        while not done(standing := await self.standing()):
            assert time.monotonic() < deadline, f"in {limit:g} s it came to {standing}"
            await asyncio.sleep(0.05)
        return time.monotonic()

    async def standing(self) -> "Standing":
        """How it stands with the calls now."""
        answers = await self._all({"do": "look"})
        return Standing(**{name: sum(one[name] for one in answers) for name in answers[0]})

    async def finish(self, deaf: Sequence[tuple[float, float]]) -> list[Story]:
        """Have all end, without waiting for what was written in times when nobody heard it."""
        answers = await self._all({"do": "finish", "limit": LONGEST_ANSWER, "deaf": deaf})
        self.cpu = [one["cpu"] for one in answers]
        self.lag = max(one["lag"] for one in answers)
        return [read_story(one) for answer in answers for one in answer["stories"]]

    async def _all(self, order: Mapping[str, Any]) -> list[Any]:
        return await self._each(*[order] * len(self._processes))

    async def _each(self, *orders: Mapping[str, Any]) -> list[Any]:
        return await asyncio.gather(*map(self._ask, self._processes, orders))

    async def _ask(self, process: asyncio.subprocess.Process, order: Mapping[str, Any]) -> Any:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(orjson.dumps(order) + b"\n")
        line = await process.stdout.readline()
        assert line, "a process of callers has ended"
        return orjson.loads(line)


def read_story(data: dict[str, Any]) -> Story:
    """A story as it came over the pipe."""
    asked = {ref: Asked(**one) for ref, one in data.pop("asked").items()}
    updated = {text: Updated(**one) for text, one in data.pop("updated").items()}
    return Story(**data, asked=asked, updated=updated)


@asynccontextmanager
async def crowds(processes: int) -> AsyncIterator[Crowds]:
    """So many processes of callers, for a while."""
    started = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.chaos.crowd"),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
        )
        for _ in range(processes)
    ]
    try:
        yield Crowds(started)
    finally:
        for process in started:
            if process.returncode is None:
                process.kill()
            await process.communicate()
