"""Tallies: counting for Prometheus at the price of an addition; families are made at a scrape.

Labels whose values come from outside are bounded: what is too many is counted under "other".
"""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

__all__ = ["MOST_LABELS", "OTHER", "Histogram", "HistogramTally", "Tally"]

OTHER: Final = "other"
MOST_LABELS: Final = 200


class Tally:
    """Counts by labels.

    Args:
        name: Of the metric, without ``_total``.
        text: What it counts.
        labels: Their names; only values of the first one are bounded in number.
        most: How many values of the first label are told apart.
    """

    __slots__ = ("_counts", "_first", "_labels", "_most", "_name", "_text")

    def __init__(self, name: str, text: str, *labels: str, most: int = MOST_LABELS) -> None:
        self._name, self._text, self._labels, self._most = name, text, labels, most
        self._counts: dict[tuple[str, ...], int] = {} if labels else {(): 0}
        self._first: set[str] = set()

    def count(self, *values: str) -> None:
        """Count one."""
        if values in self._counts:
            self._counts[values] += 1
        else:
            self._count_new(values)

    def add(self, number: int, *values: str) -> None:
        """Count several at once."""
        self.count(*values)
        self._counts[values if values in self._counts else (OTHER, *values[1:])] += number - 1

    def _count_new(self, values: tuple[str, ...]) -> None:
        if values[0] not in self._first:
            if len(self._first) >= self._most:
                values = (OTHER, *values[1:])
            else:
                self._first.add(values[0])
        self._counts[values] = self._counts.get(values, 0) + 1

    def collect(self) -> Iterator[CounterMetricFamily]:
        """All of it, for a scrape."""
        family = CounterMetricFamily(self._name, self._text, labels=self._labels)
        for values, count in [*self._counts.items()]:
            family.add_metric(values, count)
        yield family


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


class HistogramTally:
    """Histograms by one label; see :class:`Tally`."""

    __slots__ = ("_bounds", "_histograms", "_label", "_most", "_name", "_text")

    def __init__(self, name: str, text: str, label: str, bounds: tuple[float, ...]) -> None:
        self._name, self._text, self._label, self._bounds = name, text, label, bounds
        self._histograms: dict[str, Histogram] = {}

    def observe(self, label: str, value: float) -> None:
        """Count one value."""
        histogram = self._histograms.get(label)
        if histogram is None:
            histogram = self._make(label)
        histogram.observe(value)

    def _make(self, label: str) -> Histogram:
        if len(self._histograms) >= MOST_LABELS:
            label = OTHER
        return self._histograms.setdefault(label, Histogram(self._bounds))

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """All of it, for a scrape."""
        family = HistogramMetricFamily(self._name, self._text, labels=(self._label,))
        for label, histogram in [*self._histograms.items()]:
            histogram.add_to(family, label)
        yield family
