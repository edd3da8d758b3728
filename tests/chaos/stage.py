"""What all scenarios have in common: how many calls, who talks, and what is told at the end."""

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.crowds import Crowds, crowds
from tests.chaos.processes import Node
from tests.chaos.verdict import UNHEARD, Line, Verdict, read_ledger
from tests.robustness.lengths import choose

START = time.monotonic()
BUSY = 2.0
"""Seconds by which a machine may be late that runs all other tests besides."""


@dataclass(frozen=True)
class Size:
    """How large a scenario is.

    Attributes:
        calls: Live at once.
        processes: Of callers.
        pause: Seconds between two tool calls of a call.
        rounds: Tool calls of each call before something happens, and after it.
    """

    calls: int
    processes: int
    pause: float
    rounds: float


def size() -> Size:
    """Short in the suite, as the issue of the day has it with `make chaos`."""
    return choose_size(is_long=is_long())


def is_long() -> bool:
    """Whether this is `make chaos`."""
    return bool(choose(0, 1))


def choose_size(*, is_long: bool) -> Size:
    """Either of the two."""
    return Size(200, 2, 1.0, 5.0) if is_long else Size(16, 1, 0.4, 2.0)


@dataclass
class Scenario:
    """One scenario, its callers talking."""

    name: str
    crowd: Crowds
    ledger: Path
    size: Size
    verdict: Verdict | None = None
    _killed: list[tuple[int, float]] = field(default_factory=list)
    _deaf: list[tuple[float, float]] = field(default_factory=list)
    _began: tuple[float, float] = (0.0, 0.0)

    async def begin(self, url: str, *, updates: float = 0.0) -> None:
        """Make all calls, and let them talk for a while."""
        await self.crowd.call(url, self.size.calls)
        tell(f"{self.name}: {self.size.calls} calls talk")
        self._began = time.monotonic(), time.process_time()
        await self.crowd.talk(pause=self.size.pause, updates=updates)
        await self.crowd.go_on(self.size.rounds)

    def crashed(self, pid: int, at: float) -> None:
        """Note that a process was killed at that time."""
        self._killed.append((pid, at))

    def deaf(self, since: float, until: float) -> None:
        """Note that a process heard nothing in between."""
        self._deaf.append((since, until))

    def _crashes(self, ledger: Sequence[Line]) -> Iterator[tuple[float, float]]:
        """From when to when processes heard nothing.

        On a busy machine a process may stand still before it is killed: it has certainly heard all
        that was written before it was last at work.
        """
        last = {line.pid: line.at for line in ledger}
        yield from self._deaf
        for pid, at in self._killed:
            yield min(at, last.get(pid, at)), at

    async def end(self, *, least_back: int = 0) -> Verdict:
        """Wait until all calls are back, let them talk on, and judge what became of them."""
        await self.crowd.until(lambda now: now.back >= least_back and not now.away)
        tell(f"{self.name}: all are back")
        await self.crowd.go_on(self.size.rounds)
        grace = 0.0 if is_long() else BUSY
        crashes = [*self._crashes(read_ledger(self.ledger))]
        around = UNHEARD + grace
        stories = await self.crowd.finish(
            [(one - around, other + around) for one, other in crashes]
        )
        self.verdict = Verdict(
            self.name,
            stories,
            read_ledger(self.ledger),
            crashes,
            grace=grace,
        )
        self.verdict.figures["CPU of callers, of this"] = self._busy()
        self.verdict.figures["callers late by"] = f"{self.crowd.lag:.2f} s at most"
        print(self.verdict, flush=True)
        assert not self.verdict.wrong, str(self.verdict)
        return self.verdict

    def _busy(self) -> str:
        """How busy the callers' processes were, and this one, which balances."""
        began, cpu = self._began
        own = (time.process_time() - cpu) / (time.monotonic() - began)
        return ", ".join(f"{share:.0%}" for share in [*self.crowd.cpu, own])


@asynccontextmanager
async def scenario(name: str, ledger: Path, *nodes: Node) -> AsyncIterator[Scenario]:
    """A scenario with these nodes, which are ended at its end."""
    chosen = size()
    try:
        async with crowds(chosen.processes) as crowd:
            yield Scenario(name, crowd, ledger, chosen)
    finally:
        for node in nodes:
            node.kill()
        for node in nodes:
            node.bury()


def tell(text: str) -> None:
    """A line of progress, which `make chaos` shows."""
    print(f"{time.monotonic() - START:7.1f} s  {text}", flush=True)
