"""Medians, percentiles and ratios: what every table of docs/performance.md rests on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.figures import Spread, percentile, ratios

positive = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=50)


def test_a_spread_is_the_smallest_the_middle_and_the_largest() -> None:
    assert Spread.of([5, 1, 4, 2, 3]) == Spread(1, 3, 5)


def test_nothing_measured_has_no_spread() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        Spread.of([])


def test_a_ratio_is_taken_within_its_round() -> None:
    """A machine that was half as fast in the second round slowed both."""
    assert ratios([30, 15], [100, 50]) == [0.3, 0.3]


@pytest.mark.parametrize(("values", "base"), [([1, 2], [1]), ([1], [0])])
def test_what_cannot_be_compared_is_refused(values: list[float], base: list[float]) -> None:
    with pytest.raises(ValueError, match=r"compared|zero"):
        ratios(values, base)


@pytest.mark.parametrize(("percent", "expected"), [(0, 1), (50, 50), (99, 99), (99.5, 100), (100, 100)])
def test_a_percentile_is_by_nearest_rank(percent: float, expected: float) -> None:
    assert percentile([float(value) for value in range(1, 101)], percent) == expected


@given(positive, st.floats(0, 100))
def test_a_percentile_is_always_a_value_that_was_measured(values: list[float], percent: float) -> None:
    assert percentile(values, percent) in values


@given(positive, st.floats(0, 100))
def test_as_much_as_was_asked_lies_at_or_below_a_percentile(values: list[float], percent: float) -> None:
    at = percentile(values, percent)
    assert sum(value <= at for value in values) * 100 >= percent * len(values) - 1e-6


@pytest.mark.parametrize("percent", [-1, 101])
def test_what_is_no_percentage_is_refused(percent: float) -> None:
    with pytest.raises(ValueError, match="percentage"):
        percentile([1.0], percent)
