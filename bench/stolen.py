"""What a hypervisor gives to others while something is measured. The machine stands still then, whoever is measured."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import psutil

from bench.progress import say

MOST = 0.01
"""Of the processors' time. Of eight seconds on two cores, 160 ms: a stall of that length is the 99th percentile."""

T = TypeVar("T")


def stolen_seconds() -> float:
    """Of all processors together, since the start ("steal" of /proc/stat); 0 where the system does not tell."""
    return float(getattr(psutil.cpu_times(), "steal", 0.0))


@dataclass
class Undisturbed:
    """Measures again what was disturbed, at most ``tries`` times in all each.

    It counts: ``taken`` in all, ``again`` of them, ``worst`` of what counts.
    """

    tries: int
    stolen: Callable[[], float] = stolen_seconds
    clock: Callable[[], float] = time.monotonic
    cores: int = field(default_factory=lambda: psutil.cpu_count() or 1)
    taken: int = 0
    again: int = 0
    worst: float = 0.0

    def take(self, measure: Callable[[], T], before: Callable[[], object] = lambda: None) -> T:
        """What ``measure`` returns while no more than ``MOST`` is stolen; else the least disturbed of all tries.

        ``before`` is called before each; what is stolen from it does not count.
        """
        made: list[tuple[float, T]] = []
        while not made or (made[-1][0] > MOST and len(made) < self.tries):
            before()
            stolen, started = self.stolen(), self.clock()
            found = measure()
            made.append(((self.stolen() - stolen) / (self.clock() - started) / self.cores, found))
            if made[-1][0] > MOST:
                say(f"  {made[-1][0]:.1%} of the processors' time was stolen")
        share, best = min(made, key=lambda one: one[0])
        self.taken += len(made)
        self.again += len(made) - 1
        self.worst = max(self.worst, share)
        return best

    def told(self) -> dict[str, float]:
        return {"taken": self.taken, "again": self.again, "worst": round(self.worst, 4)}
