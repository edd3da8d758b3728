"""How long turns and answers take: histograms that cost two additions, read when somebody asks."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from app.tally import Histogram, HistogramTally

__all__ = ["STAGES", "Timings"]

STAGES: Final = ("stt", "eot", "llm", "tool", "tts")
"""What a turn's time is made of, in order: recogniser, end of turn, model, tools, voice."""

STAGE_KEYS: Final = frozenset(f"{stage}_ms" for stage in STAGES)
MOST_KEPT: Final = 32

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


class Timings(Collector):
    """The histograms of one server: stages of turns, whole turns, answers of handlers."""

    def __init__(self) -> None:
        self._stages = {f"{stage}_ms": Histogram(STAGE_SECONDS) for stage in STAGES}
        self._turns = Histogram(TURN_SECONDS)
        self._kept: list[Mapping[str, Any]] = []
        self._answers = HistogramTally(
            "cordboard_answer_seconds",
            "From a message to the answer of its handler.",
            "message",
            ANSWER_SECONDS,
        )

    def turn_ended(self, stages: Mapping[str, Any]) -> float:
        """A turn ended: keep what jambonz measured, and give the sum in seconds.

        Args:
            stages: Milliseconds as ``stt_ms``, ``eot_ms`` …; others are left alone. Not to be
                changed: they are sorted into buckets later, many at once.
        """
        total = 0.0
        for name, milliseconds in stages.items():
            if name in STAGE_KEYS and milliseconds > 0:
                total += milliseconds
        self._kept.append(stages)
        if len(self._kept) >= MOST_KEPT:
            self._settle()
        return total / 1000

    def _settle(self) -> None:
        """Sort what was kept into buckets."""
        kept, self._kept = self._kept, []
        for stages in kept:
            total = 0.0
            for name, milliseconds in stages.items():
                histogram = self._stages.get(name)
                if histogram is not None and milliseconds >= 0:
                    seconds = milliseconds / 1000
                    total += seconds
                    histogram.observe(seconds)
            if total:
                self._turns.observe(total)

    def answered(self, kind: str, seconds: float) -> None:
        """A handler or hook answered a message of this kind, in time or late."""
        self._answers.observe(kind, seconds)

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """All of it, for a scrape."""
        self._settle()
        stages = HistogramMetricFamily(
            "cordboard_turn_stage_seconds", "Latency of a turn by stage.", labels=("stage",)
        )
        for stage, histogram in zip(STAGES, self._stages.values(), strict=True):
            histogram.add_to(stages, stage)
        turns = HistogramMetricFamily("cordboard_turn_seconds", "Latency of a turn, all stages.")
        self._turns.add_to(turns)
        yield from (stages, turns)
        yield from self._answers.collect()
