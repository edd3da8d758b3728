"""How one simulated call went, and what it measured."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.sim.check import Miss
from app.sim.scenario import Scenario
from app.twin import Entry
from app.twin.latency import stages_of


@dataclass(frozen=True, slots=True)
class Plan:
    """One call that is to be made; its seed follows from the run's, the scenario and the index."""

    scenario: Scenario
    index: int
    seed: int

    @property
    def name(self) -> str:
        """What `--only` takes to make this call again."""
        return f"{self.scenario.name}#{self.index}"


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer to the caller.

    Attributes:
        said: What the caller said.
        at: When, in seconds after the call began.
        ms: How long it took until the caller heard something; None where nothing was heard.
        stages: Where the time went, as far as the platform says.
    """

    said: str
    at: float
    ms: float | None
    stages: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """How a call went.

    Attributes:
        misses: What was not as expected; empty where the call passed.
        log: The whole log of a call that failed; that of others is not kept.
        trace: The hash of all that happened; empty where there is none.
        judged: What the judge said, or why none was asked.
        seconds: How long it took in real time.
    """

    plan: Plan
    misses: tuple[Miss, ...]
    turns: tuple[Turn, ...] = ()
    tools: int = 0
    interruptions: int = 0
    end_reason: str = ""
    trace: str = ""
    judged: str = ""
    seconds: float = 0.0
    log: tuple[Entry, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether all was as expected."""
        return not self.misses


def turns_of(log: Sequence[Entry]) -> Iterator[Turn]:
    """Every turn of a call, with its time and where that went."""
    for n, entry in enumerate(log):
        if entry.kind != "said":
            continue
        later = _until_next(log, n)
        first = next((e.time for e in later if e.kind in ("speaking", "heard")), None)
        ms = None if first is None else round((first - entry.time) * 1000, 1)
        said = str(entry.data.get("text") or entry.data.get("digits") or "")
        yield Turn(said, entry.time, ms, _stages(later))


def _until_next(log: Sequence[Entry], n: int) -> Sequence[Entry]:
    """The entries after one, up to the next time the caller speaks."""
    ends = (i for i in range(n + 1, len(log)) if log[i].kind == "said")
    return log[n + 1 : next(ends, len(log))]


def _stages(entries: Sequence[Entry]) -> dict[str, float]:
    ends = (e.data for e in entries if e.kind == "event" and e.data.get("type") == "turn_end")
    return stages_of(next(ends, {}))


def count(log: Sequence[Entry], kind: str, **data: Any) -> int:
    """How many entries of a kind have these values."""
    return sum(e.kind == kind and data.items() <= e.data.items() for e in log)
