"""Backoff: how long a component that died waits for its next start."""

from gateway.runner.backoff import Backoff
from hypothesis import given
from hypothesis import strategies as st


def test_waits_double_from_a_fifth_of_a_second_to_ten_seconds() -> None:
    backoff, waits = Backoff(), []
    for _ in range(9):
        backoff = backoff.after_death(ready_for=0.0)
        waits.append(round(backoff.wait, 1))
    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0, 10.0]


def test_a_component_that_was_healthy_for_a_while_starts_over() -> None:
    assert Backoff(9).after_death(ready_for=29.9).wait == 10.0
    assert Backoff(9).after_death(ready_for=30.0).wait == 0.2


def test_a_component_that_never_died_does_not_wait() -> None:
    assert Backoff().wait == 0.0


@given(st.integers(min_value=1, max_value=10**9))
def test_no_number_of_deaths_waits_longer_than_ten_seconds(deaths: int) -> None:
    assert 0.2 <= Backoff(deaths).wait <= 10.0
