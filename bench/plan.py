"""How much is measured: the whole, or the short run, which shows that every part works."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """``seconds`` is one timed run; each variant has one in each round. ``settling``: introspections before all.

    ``counted_seconds``: several TTLs, in which introspections are counted. ``tries``: how often one measurement is made
    at most, if it is disturbed (bench/stolen.py).
    """

    settling: int
    rounds: int
    seconds: float
    warm_up_seconds: float
    burst: int
    cold_seconds: float
    growth_seconds: float
    counted_seconds: float
    most_tokens: int
    largest_sweep: int
    starts: int
    tries: int


FULL = Plan(
    settling=64_000,
    rounds=5,
    seconds=4,
    warm_up_seconds=1,
    burst=500,
    cold_seconds=4,
    growth_seconds=3,
    counted_seconds=24,
    most_tokens=100_000,
    largest_sweep=1000,
    starts=5,
    tries=6,
)
SHORT = Plan(
    settling=500,
    rounds=1,
    seconds=1,
    warm_up_seconds=0.5,
    burst=500,
    cold_seconds=1,
    growth_seconds=1,
    counted_seconds=1,
    most_tokens=10_000,
    largest_sweep=1000,
    starts=1,
    tries=1,
)
CONNECTIONS = 32
"""Of the load source, unless the measurement is about their number."""

PACE = 300
"""Requests a second where a fixed rate is asked for: a fraction of what the gateway can do, so that no queue forms."""
