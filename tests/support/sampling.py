"""What each component of a running stack holds, sampled now and then: resident memory and open descriptors."""

import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil

from tests.support.stack import Stack


@dataclass(frozen=True)
class Sample:
    at: float
    mib: float
    descriptors: int


@dataclass
class Samples:
    """By component, oldest first."""

    of: dict[str, list[Sample]] = field(default_factory=dict)

    def take(self, stack: Stack) -> None:
        for name, pid in stack.pids().items():
            with suppress(psutil.Error):  # it has just ended; whoever looks at the counts of restarts sees that
                process = psutil.Process(pid)
                mib = process.memory_info().rss / 2**20
                self.of.setdefault(name, []).append(Sample(time.monotonic(), mib, process.num_fds()))

    def quarter(self, name: str, number: int) -> tuple[float, float]:
        """The medians of memory and descriptors in the first (1) to last (4) quarter of the time."""
        part = quarter_of(self.of[name], number)
        return statistics.median(one.mib for one in part), statistics.median(one.descriptors for one in part)


def quarter_of(samples: Sequence[Sample], number: int) -> Sequence[Sample]:
    size = len(samples) // 4
    return samples[(number - 1) * size : number * size if number < 4 else len(samples)]


@contextmanager
def sampled(stack: Stack, *, every_s: float) -> Iterator[Samples]:
    samples, stop = Samples(), threading.Event()

    def sample() -> None:
        while not stop.wait(every_s):
            samples.take(stack)

    thread = threading.Thread(target=sample, name="samples")
    thread.start()
    try:
        yield samples
    finally:
        stop.set()
        thread.join(30)
