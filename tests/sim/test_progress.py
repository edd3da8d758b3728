"""What is shown while calls are made."""

import io

import pytest

from app.sim.check import Miss
from app.sim.nodes import Place
from app.sim.progress import Progress
from app.sim.result import Plan, Result, turns_of
from app.sim.scenario import Scenario
from app.sim.summary import percentile, rows, table
from app.twin import Entry

WEATHER = Scenario("weather", Place("one.yaml", 1))


def result(index: int = 0, *misses: Miss, log: tuple[Entry, ...] = ()) -> Result:
    return Result(Plan(WEATHER, index, 0), misses, turns=tuple(turns_of(log)), log=log)


def show(progress: Progress, *results: Result) -> None:
    for one in results:
        progress.began(one.plan)
    for one in results:
        progress.ended(one)
    progress.leave()


def test_a_terminal_shows_a_bar_that_is_cleared_away() -> None:
    out = io.StringIO()
    bad = Miss("one.yaml:4: steps[0]", "expected this; came: that")
    show(Progress(out, 4, is_terminal=True), *(result(n) for n in range(3)), result(3, bad))

    pictures = out.getvalue().split("\r\x1b[K")
    assert "failed  weather#3: one.yaml:4: steps[0]: expected this; came: that\n" in pictures
    assert pictures[-2].startswith("█" * 24)
    assert "4/4 calls  3 passed  1 failed  0 running" in pictures[-2]
    assert "0:00 left" in pictures[-2]
    assert pictures[-1] == ""
    assert any("░" in picture for picture in pictures)


def test_elsewhere_a_line_comes_now_and_then() -> None:
    out = io.StringIO()
    show(Progress(out, 100, is_terminal=False), *(result(n) for n in range(100)))

    lines = out.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[0].startswith("10/100 calls  10 passed  0 failed  90 running")
    assert "\x1b" not in out.getvalue()


def test_nothing_is_shown_where_that_is_wanted() -> None:
    out = io.StringIO()
    show(Progress(out, 1, is_terminal=True, is_quiet=True), result(0, Miss("x", "y")))

    assert out.getvalue() == ""


LOG = (
    Entry(0.0, "heard", {"text": "Hello.", "by": "agent"}),
    Entry(1.0, "said", {"text": "Weather?"}),
    Entry(1.2, "tool_call", {"name": "get_weather"}),
    Entry(1.4, "heard", {"text": "Sunny.", "by": "agent"}),
    Entry(1.5, "event", {"type": "turn_end", "latency": {"stt_ms": 100, "llm_ms": 250}}),
    Entry(2.0, "said", {"digits": "1"}),
)


def test_a_turn_takes_until_something_is_heard() -> None:
    first, second = turns_of(LOG)

    assert (first.said, first.at, first.ms) == ("Weather?", 1.0, 400.0)
    assert first.stages == {"stt": 100.0, "llm": 250.0}
    assert (second.said, second.ms, second.stages) == ("1", None, {})


@pytest.mark.parametrize(("percent", "value"), [(50, 6.0), (95, 10.0), (0, 1.0), (100, 10.0)])
def test_a_percentile_is_one_of_the_values(percent: float, value: float) -> None:
    assert percentile([float(n) for n in range(1, 11)], percent) == value


def test_a_scenario_has_one_row_with_the_first_reason() -> None:
    misses = Miss("one.yaml:4", "first"), Miss("one.yaml:5", "second")
    results = [result(0, log=LOG), result(1, *misses, log=LOG), result(2, misses[1])]
    (row,) = rows(results)

    assert (row.passed, row.failed, row.p50, row.p95) == (1, 2, 400.0, 400.0)
    assert row.reason == "one.yaml:4: first"
    lines = table(results)
    assert lines[2].split() == ["weather", "1", "2", "400", "400", "4", "0", "0"]
    assert lines[3].strip() == "one.yaml:4: first"
