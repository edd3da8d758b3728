"""A run as one HTML file that asks nothing of the network: the table, and each call that failed."""

from collections.abc import Callable, Iterator, Sequence
from html import escape
from importlib.resources import files

from app.sim.result import Result, Turn
from app.sim.summary import Row, rows
from app.twin.latency import STAGES
from app.twin.transcript import Said, conversation

MOST = 200
"""How many failed calls are shown in full."""

_Again = Callable[[Result], str]


def to_html(results: Sequence[Result], *, seed: int, seconds: float, again: _Again) -> str:
    """The document.

    Args:
        results: The calls.
        seed: The seed of the run.
        seconds: How long the run took.
        again: The command that makes one call again.
    """
    failed = [one for one in results if not one.passed]
    style = (files("app.sim") / "report.css").read_text(encoding="utf-8")
    verdict = f"{len(failed)} of {len(results)} calls failed" if failed else "All calls passed"
    body = [
        f"<h1 class='{'bad' if failed else 'good'}'>{verdict}</h1>",
        f"<p class=dim>{len(results)} calls in {seconds:.1f} s, seed {seed}</p>",
        *_table(rows(results)),
        *([_legend()] if failed else []),
        *(part for one in failed[:MOST] for part in _call(one, again(one))),
        *([f"<p>… and {len(failed) - MOST} more that failed</p>"] if len(failed) > MOST else []),
    ]
    return "\n".join(
        [
            "<!doctype html>",
            "<html lang=en><head><meta charset=utf-8>",
            "<meta name=viewport content='width=device-width, initial-scale=1'>",
            f"<title>{verdict}</title><style>{style}</style></head><body><main>",
            *body,
            "</main></body></html>\n",
        ]
    )


def _table(found: Sequence[Row]) -> Iterator[str]:
    titles = ("scenario", "passed", "failed", "p50 ms", "p95 ms", "turns", "tools", "interruptions")
    yield "<div class=wide><table class=numbers><thead><tr>"
    yield "".join(f"<th>{title}</th>" for title in titles) + "</tr></thead><tbody>"
    for row in found:
        numbers = (row.passed, row.failed, row.p50, row.p95, row.turns, row.tools)
        cells = "".join(f"<td>{_number(n)}</td>" for n in (*numbers, row.interruptions))
        state = "bad" if row.failed else "good"
        yield f"<tr class={state}><th scope=row>{escape(row.name)}</th>{cells}</tr>"
    yield "</tbody></table></div>"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def _legend() -> str:
    keys = "".join(f"<span><i class={stage}></i>{stage}</span>" for stage in STAGES)
    return f"<p class=legend>Where the time of a turn went: {keys}<span><i></i>rest</span></p>"


def _call(one: Result, again: str) -> Iterator[str]:
    yield f"<section><h2>{escape(one.plan.name)}</h2><ul class=bad>"
    yield "".join(f"<li>{escape(str(miss))}</li>" for miss in one.misses) + "</ul>"
    yield f"<p>To make this call again:</p><pre>{escape(again)}</pre>"
    if one.judged:
        yield f"<p>Judge: {escape(one.judged)}</p>"
    yield from _conversation(one)
    yield from _waterfall(one.turns)
    yield "</section>"


def _conversation(one: Result) -> Iterator[str]:
    lines = conversation(one.log)
    marks = dict(_marks(one, lines))
    yield "<div class=wide><table class=talk>"
    for line in lines:
        remark = marks.get(line.index)
        state = " class=marked" if remark else ""
        yield (
            f"<tr{state}><td>{line.time:.3f}</td><th scope=row class='w-{_class(line.who)}'>"
            f"{escape(line.who)}</th><td>{escape(line.text)}"
            + (f"<div class=remark>{escape(remark)}</div>" if remark else "")
            + "</td></tr>"
        )
    yield "</table></div>"


def _marks(one: Result, lines: Sequence[Said]) -> Iterator[tuple[int, str]]:
    """The line of each miss: its own, or the first after it."""
    for miss in one.misses:
        at = next(
            (line for line in lines if miss.index is not None and line.index >= miss.index), None
        )
        if at:
            yield at.index, miss.reason


def _class(who: str) -> str:
    return "".join(char for char in who if char.isalnum())


def _waterfall(turns: Sequence[Turn]) -> Iterator[str]:
    longest = max([1.0, *(_length(turn) for turn in turns)])
    if not turns:
        return
    yield "<table class=water>"
    for turn in turns:
        parts = [(stage, turn.stages.get(stage, 0.0)) for stage in STAGES]
        rest = _length(turn) - sum(ms for _, ms in parts)
        bars = "".join(
            f"<i class='{stage}' title='{stage} {ms:g} ms' style='width:{100 * ms / longest:.2f}%'>"
            "</i>"
            for stage, ms in [*parts, ("", rest)]
            if ms > 0
        )
        yield (
            f"<tr><td>{turn.at:.3f}</td><td>{escape(turn.said[:80])}</td>"
            f"<td class=bars>{bars}</td><td>{_number(turn.ms)} ms</td></tr>"
        )
    yield "</table>"


def _length(turn: Turn) -> float:
    return max(turn.ms or 0.0, sum(turn.stages.values()))
