"""Counting: what becomes of checkpoints, for Prometheus; there where checkpoints are kept."""

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from app.tally import Histogram, Tally

__all__ = ["Counting"]

WRITE_SECONDS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Counting(Collector):
    """The counters of the keeper of one node.

    Args:
        registry: Where they are read.

    Attributes:
        is_away: Whether the bus does not answer.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.is_away = False
        self._written = Tally("cordboard_checkpoints_written", "Checkpoints of calls written.")
        self._bytes = Tally("cordboard_checkpoint_bytes", "Bytes of them.")
        self._lost = Tally(
            "cordboard_checkpoints_lost", "Checkpoints that could not be made, or be stored."
        )
        self._taken = Tally("cordboard_calls_taken_over", "Calls taken over from other nodes.")
        self._fenced = Tally(
            "cordboard_calls_fenced", "Calls let go since another node had taken them."
        )
        self._seconds = Histogram(WRITE_SECONDS)
        registry.register(self)

    def written(self, number: int, size: int, seconds: float) -> None:
        """So many checkpoints of so many bytes were written together, within so many seconds."""
        self._written.add(number)
        self._bytes.add(size)
        self._seconds.observe(seconds)

    def lost(self) -> None:
        """A checkpoint could not be made, or be stored for what it holds."""
        self._lost.count()

    def taken_over(self) -> None:
        """A call that another process had is here now."""
        self._taken.count()

    def fenced(self) -> None:
        """A call was let go, since another node had taken it."""
        self._fenced.count()

    def collect(self) -> Iterator[Metric]:
        """All of it, for a scrape."""
        for tally in (self._written, self._bytes, self._lost, self._taken, self._fenced):
            yield from tally.collect()
        seconds = HistogramMetricFamily(
            "cordboard_checkpoint_write_seconds", "Time to write checkpoints together."
        )
        self._seconds.add_to(seconds)
        yield seconds
        text = "Whether the table of owners does not answer: 1 or 0."
        yield GaugeMetricFamily("cordboard_bus_away", text, value=self.is_away)
