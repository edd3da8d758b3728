"""Histograms that cost two additions, read when somebody asks."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.counters import Counters
from app.tally import Histogram
from app.timings import ANSWER_SECONDS, STAGE_SECONDS, TURN_SECONDS, Timings


def scraped(counters: Counters) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(counters.write().decode())
        for sample in family.samples
    }


def test_the_stages_of_a_turn_are_counted_apart_and_together() -> None:
    counters = Counters()
    total = counters.timings.turn_ended(
        {"stt_ms": 310, "llm_ms": 640, "tool_ms": 0, "tts_ms": 190, "preflight": "hit"}
    )
    found = scraped(counters)

    assert total == pytest.approx(1.14)
    assert found["cordboard_turn_stage_seconds_sum", "llm"] == pytest.approx(0.64)
    assert found["cordboard_turn_stage_seconds_bucket", "0.5", "llm"] == 0
    assert found["cordboard_turn_stage_seconds_bucket", "0.75", "llm"] == 1
    assert found["cordboard_turn_stage_seconds_bucket", "+Inf", "llm"] == 1
    assert found["cordboard_turn_stage_seconds_count", "eot"] == 0
    assert found["cordboard_turn_stage_seconds_count", "tool"] == 1
    assert found["cordboard_turn_seconds_sum",] == pytest.approx(1.14)


def test_a_turn_without_measures_is_no_turn_of_no_time() -> None:
    counters = Counters()

    assert counters.timings.turn_ended({}) == 0
    assert scraped(counters)["cordboard_turn_seconds_count",] == 0


def test_a_value_on_a_bound_belongs_to_its_bucket_and_buckets_add_up() -> None:
    counters = Counters()
    for seconds in (0.5, 0.25, 99.0):
        counters.timings.answered("verb:hook", seconds)
    found = scraped(counters)

    name, of = "cordboard_answer_seconds_bucket", "verb:hook"
    assert [found[name, le, of] for le in ("0.1", "0.25", "0.5", "5.0", "+Inf")] == [0, 1, 2, 2, 3]
    assert found["cordboard_answer_seconds_count", "verb:hook"] == 3
    assert found["cordboard_answer_seconds_sum", "verb:hook"] == pytest.approx(99.75)


def test_negative_times_of_a_far_clock_are_left_out() -> None:
    timings = Timings()

    assert timings.turn_ended({"stt_ms": -20, "llm_ms": 100}) == pytest.approx(0.1)


@pytest.mark.parametrize("bounds", [STAGE_SECONDS, TURN_SECONDS, ANSWER_SECONDS])
def test_bounds_ascend(bounds: tuple[float, ...]) -> None:
    assert list(bounds) == sorted(set(bounds))
    assert Histogram(bounds)
