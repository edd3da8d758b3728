"""What a run comes to, scenario by scenario: as numbers, as a table, as JSON."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.sim.result import Result, Turn
from app.twin.transcript import shorten


@dataclass(frozen=True, slots=True)
class Row:
    """One scenario of a run; the latencies are milliseconds, None without any turn."""

    name: str
    passed: int
    failed: int
    p50: float | None
    p95: float | None
    turns: int
    tools: int
    interruptions: int
    reason: str = ""


def rows(results: Sequence[Result]) -> list[Row]:
    """One row for each scenario, in the order in which they were first called."""
    groups: dict[str, list[Result]] = {}
    for one in results:
        groups.setdefault(one.plan.scenario.name, []).append(one)
    return [_row(name, group) for name, group in groups.items()]


def _row(name: str, group: Sequence[Result]) -> Row:
    took = sorted(latencies(turn for one in group for turn in one.turns))
    reasons = [str(one.misses[0]) for one in group if one.misses]
    return Row(
        name=name,
        passed=sum(one.passed for one in group),
        failed=sum(not one.passed for one in group),
        p50=percentile(took, 50),
        p95=percentile(took, 95),
        turns=sum(len(one.turns) for one in group),
        tools=sum(one.tools for one in group),
        interruptions=sum(one.interruptions for one in group),
        reason=reasons[0] if reasons else "",
    )


def latencies(turns: Iterable[Turn]) -> Iterator[float]:
    """How long the answers took that were heard."""
    return (turn.ms for turn in turns if turn.ms is not None)


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """The value below which so many percent of some ordered values are."""
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def table(results: Sequence[Result]) -> list[str]:
    """The rows as lines of text, and the sum of them."""
    found = rows(results)
    width = max([8, *(len(row.name) for row in found)])
    head = f"{'scenario':<{width}}  passed  failed   p50 ms   p95 ms   turns   tools  interr."
    lines = [head, "─" * len(head)]
    for row in found:
        lines.append(
            f"{row.name:<{width}}  {row.passed:>6}  {row.failed:>6}  {_ms(row.p50):>7}  "
            f"{_ms(row.p95):>7}  {row.turns:>6}  {row.tools:>6}  {row.interruptions:>7}"
        )
        if row.reason:
            lines.append(f"{'':<{width}}  {shorten(row.reason, 240)}")
    return lines


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def to_json(results: Sequence[Result], *, seed: int, seconds: float) -> dict[str, Any]:
    """A run as JSON: the rows, and every call."""
    return {
        "passed": all(one.passed for one in results),
        "seed": seed,
        "seconds": round(seconds, 3),
        "scenarios": [
            {name: getattr(row, name) for name in Row.__slots__} for row in rows(results)
        ],
        "calls": [_call(one) for one in results],
    }


def _call(one: Result) -> dict[str, Any]:
    return {
        "name": one.plan.name,
        "passed": one.passed,
        "seed": one.plan.seed,
        "reasons": [str(miss) for miss in one.misses],
        "turns": len(one.turns),
        "latencies_ms": list(latencies(one.turns)),
        "tools": one.tools,
        "interruptions": one.interruptions,
        "end_reason": one.end_reason,
        "trace": one.trace,
        "judge": one.judged,
        "seconds": round(one.seconds, 3),
    }
