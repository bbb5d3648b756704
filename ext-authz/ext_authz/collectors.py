"""Counters and histograms for what happens at every request: plain numbers that become series when they are asked for.

prometheus_client's own walk through labels and buckets for each step. Here what a request adds is added in a fraction
of the time. Both may be used in several threads.
"""

import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString


class Counts(Collector):
    """A counter for each combination of values of ``labels``."""

    def __init__(self, name: str, documentation: str, labels: Sequence[str]) -> None:
        self._name, self._documentation, self._labels = name, documentation, tuple(labels)
        self._counts: defaultdict[tuple[str, ...], int] = defaultdict(int)
        self._lock = threading.Lock()

    def count(self, *values: str, by: int = 1) -> None:
        """One more of these label values, in the labels' order. ``by`` 0 makes the series known before it happens."""
        with self._lock:
            self._counts[values] += by

    def collect(self) -> Iterator[CounterMetricFamily]:
        family = CounterMetricFamily(self._name, self._documentation, labels=self._labels)
        with self._lock:
            counts = list(self._counts.items())
        for values, count in counts:
            family.add_metric(values, count)
        yield family


class Distribution(Collector):
    """A histogram with these upper ``bounds``, to which infinity is added."""

    def __init__(self, name: str, documentation: str, bounds: Sequence[float]) -> None:
        self._name, self._documentation, self._bounds = name, documentation, tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self._sum = 0.0
        self._lock = threading.Lock()

    def observe(self, value: float) -> None:
        """One more value. A bound belongs to the bucket below it (Prometheus' ``le``)."""
        bucket = bisect_left(self._bounds, value)
        with self._lock:
            self._counts[bucket] += 1
            self._sum += value

    def collect(self) -> Iterator[HistogramMetricFamily]:
        names = [floatToGoString(bound) for bound in (*self._bounds, float("inf"))]  # type: ignore[no-untyped-call]
        with self._lock:
            counts, total = list(self._counts), self._sum
        buckets = list(zip(names, accumulate(counts), strict=True))
        yield HistogramMetricFamily(self._name, self._documentation, buckets=buckets, sum_value=total)
