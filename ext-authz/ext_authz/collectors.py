"""Counters and histograms for what happens at every request: plain numbers that become series when they are asked for.

prometheus_client's own are made for threads: they take a lock for each step, and walk through labels and buckets. Here
one event loop counts, so what a request adds is added in a sixth of the time (0.9 us instead of 5.4).
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString


class Counts(Collector):
    """A counter for each combination of values of ``labels``. Must be used in one thread."""

    def __init__(self, name: str, documentation: str, labels: Sequence[str]) -> None:
        self._name, self._documentation, self._labels = name, documentation, tuple(labels)
        self._counts: defaultdict[tuple[str, ...], int] = defaultdict(int)

    def count(self, *values: str, by: int = 1) -> None:
        """One more of these label values, in the labels' order. ``by`` 0 makes the series known before it happens."""
        self._counts[values] += by

    def collect(self) -> Iterator[CounterMetricFamily]:
        family = CounterMetricFamily(self._name, self._documentation, labels=self._labels)
        for values, count in self._counts.items():
            family.add_metric(values, count)
        yield family


class Distribution(Collector):
    """A histogram with these upper ``bounds``, to which infinity is added. Must be used in one thread."""

    def __init__(self, name: str, documentation: str, bounds: Sequence[float]) -> None:
        self._name, self._documentation, self._bounds = name, documentation, tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """One more value. A bound belongs to the bucket below it (Prometheus' ``le``)."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def collect(self) -> Iterator[HistogramMetricFamily]:
        names = [floatToGoString(bound) for bound in (*self._bounds, float("inf"))]  # type: ignore[no-untyped-call]
        buckets = list(zip(names, accumulate(self._counts), strict=True))
        yield HistogramMetricFamily(self._name, self._documentation, buckets=buckets, sum_value=self._sum)
