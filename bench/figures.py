"""The arithmetic of the tables: medians, spreads, percentiles, and ratios within a round."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """What several rounds gave."""

    minimum: float
    median: float
    maximum: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Raises ValueError where there are no values."""
        if not values:
            raise ValueError("no values: nothing was measured")
        return cls(min(values), statistics.median(values), max(values))


def ratios(values: Sequence[float], base: Sequence[float]) -> list[float]:
    """Each value over the base of the same round: what slowed the machine for a round slowed both.

    Raises:
        ValueError: the rounds do not match, or a base is zero.
    """
    if len(values) != len(base):
        raise ValueError(f"{len(values)} rounds cannot be compared with {len(base)}")
    if not all(base):
        raise ValueError("a base of zero has no ratio")
    return [value / other for value, other in zip(values, base, strict=True)]


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that ``percent`` of all values do not exceed (nearest rank): always one that was measured.

    Raises:
        ValueError: no values, or a percentage outside of 0 to 100.
    """
    if not values:
        raise ValueError("no values: nothing was measured")
    if not 0 <= percent <= 100:  # noqa: PLR2004 - a percentage
        raise ValueError(f"{percent} is no percentage")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
