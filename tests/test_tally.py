"""Tallies: what is counted comes out as Prometheus reads it, bounded in number."""

from typing import Any

from app.tally import MOST_LABELS, OTHER, Histogram, HistogramTally, Tally


def counts(tally: Tally | HistogramTally) -> dict[tuple[Any, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in tally.collect()
        for sample in family.samples
    }


def test_counts_by_labels() -> None:
    tally = Tally("tools", "Tools.", "tool", "outcome")
    for _ in range(3):
        tally.count("look", "ok")
    tally.count("look", "failed")

    assert counts(tally) == {("tools_total", "look", "ok"): 3, ("tools_total", "look", "failed"): 1}


def test_what_has_no_labels_is_there_from_the_beginning() -> None:
    tally = Tally("frames", "Frames.")
    assert counts(tally) == {("frames_total",): 0}
    tally.count()
    assert counts(tally) == {("frames_total",): 1}


def test_values_of_the_first_label_are_bounded() -> None:
    tally = Tally("tools", "Tools.", "tool", "outcome", most=2)
    for name in ("a", "b", "c", "d"):
        tally.count(name, "ok")
    tally.count("a", "failed")

    assert counts(tally) == {
        ("tools_total", "a", "ok"): 1,
        ("tools_total", "b", "ok"): 1,
        ("tools_total", OTHER, "ok"): 2,
        ("tools_total", "a", "failed"): 1,
    }


def test_buckets_are_cumulative_and_hold_their_bounds() -> None:
    tally = HistogramTally("seconds", "Seconds.", "route", (0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 7.0):
        tally.observe("/a", value)

    found = counts(tally)
    assert [found["seconds_bucket", "/a", bound] for bound in ("0.1", "1.0", "+Inf")] == [2, 3, 4]
    assert found["seconds_count", "/a"] == 4
    assert found["seconds_sum", "/a"] == 7.65


def test_labels_of_histograms_are_bounded_too() -> None:
    tally = HistogramTally("seconds", "Seconds.", "route", (1.0,))
    for number in range(MOST_LABELS + 10):
        tally.observe(f"/{number}", 0.5)

    assert counts(tally)["seconds_count", OTHER] == 10


def test_a_histogram_alone() -> None:
    histogram = Histogram((1.0, 2.0))
    histogram.observe(1.5)
    assert (histogram._counts, histogram._sum) == ([0, 1, 0], 1.5)
