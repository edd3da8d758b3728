"""How long turns and answers take: histograms that cost two additions, read when somebody asks."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from app.protocol import Latency

__all__ = ["STAGES", "Histogram", "Timings"]

STAGES: Final = ("stt", "eot", "llm", "tool", "tts")
"""What a turn's time is made of, in order: recogniser, end of turn, model, tools, voice."""

STAGE_SECONDS: Final = (0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
TURN_SECONDS: Final = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 10.0, 20.0)
# jambonz gives up at 5 seconds, and Cordboard answers for a slow handler at 4.
ANSWER_SECONDS: Final = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.0,
    4.0,
    5.0,
)


class Histogram:
    """Counts of values by bucket.

    Args:
        bounds: Upper bounds of the buckets, each included, in ascending order.
    """

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def add_to(self, family: HistogramMetricFamily, *labels: str) -> None:
        """Add what was counted, in the cumulative form of Prometheus."""
        total, buckets = 0, []
        names = [*(repr(float(bound)) for bound in self._bounds), "+Inf"]
        for name, count in zip(names, self._counts, strict=True):
            total += count
            buckets.append((name, float(total)))
        family.add_metric(labels, buckets=buckets, sum_value=self._sum)


class Timings(Collector):
    """The histograms of one server: stages of turns, whole turns, answers of handlers."""

    def __init__(self) -> None:
        self._stages = tuple(Histogram(STAGE_SECONDS) for _ in STAGES)
        self._turns = Histogram(TURN_SECONDS)
        self._answers: dict[str, Histogram] = {}

    def turn_ended(self, latency: Latency) -> float:
        """A turn ended: count what jambonz measured, and give the sum in seconds."""
        of = latency
        measured = (of.stt_ms, of.eot_ms, of.llm_ms, of.tool_ms, of.tts_ms)
        total = 0.0
        for histogram, milliseconds in zip(self._stages, measured, strict=True):
            if milliseconds is not None and milliseconds >= 0:
                total += milliseconds / 1000
                histogram.observe(milliseconds / 1000)
        if total:
            self._turns.observe(total)
        return total

    def answered(self, kind: str, seconds: float) -> None:
        """A handler or hook answered a message of this kind, in time or late."""
        histogram = self._answers.get(kind)
        if histogram is None:
            histogram = self._answers[kind] = Histogram(ANSWER_SECONDS)
        histogram.observe(seconds)

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """All of it, for a scrape."""
        stages = HistogramMetricFamily(
            "cordboard_turn_stage_seconds", "Latency of a turn by stage.", labels=("stage",)
        )
        for stage, histogram in zip(STAGES, self._stages, strict=True):
            histogram.add_to(stages, stage)
        turns = HistogramMetricFamily("cordboard_turn_seconds", "Latency of a turn, all stages.")
        self._turns.add_to(turns)
        answers = HistogramMetricFamily(
            "cordboard_answer_seconds",
            "From a message to the answer of its handler.",
            labels=("message",),
        )
        for kind, histogram in [*self._answers.items()]:
            histogram.add_to(answers, kind)
        yield from (stages, turns, answers)
