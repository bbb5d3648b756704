"""A measurement during which the machine was taken away is made again, and said to have been."""

import pytest

from bench.stolen import Undisturbed

TRIES = 6


class Machine:
    """Two cores. Each measurement takes ten seconds and returns its number; ``stolen`` are seconds, one for each."""

    def __init__(self, *stolen: float) -> None:
        self.shares = list(stolen)
        self.seconds, self.stolen, self.measured = 0.0, 0.0, 0
        self.undisturbed = Undisturbed(TRIES, lambda: self.stolen, lambda: self.seconds, 2)

    def measure(self) -> int:
        self.seconds += 10
        self.stolen += self.shares[self.measured]
        self.measured += 1
        return self.measured


def test_what_was_not_disturbed_is_taken_once() -> None:
    machine = Machine(0.2)
    assert machine.undisturbed.take(machine.measure) == 1
    assert machine.undisturbed.told() == {"taken": 1, "again": 0, "worst": 0.01}


def test_what_was_disturbed_is_taken_again_until_it_is_not() -> None:
    machine = Machine(0.21, 5, 0.1, 0)
    assert machine.undisturbed.take(machine.measure) == 3
    assert machine.undisturbed.take(machine.measure) == 4
    assert machine.undisturbed.told() == {"taken": 4, "again": 2, "worst": 0.005}


def test_each_try_is_made_ready_and_what_is_stolen_from_that_does_not_count() -> None:
    machine, made = Machine(1, 0), []

    def ready() -> None:
        machine.stolen += 100
        made.append(machine.measured)

    assert machine.undisturbed.take(machine.measure, ready) == 2
    assert made == [0, 1]
    assert machine.undisturbed.told() == {"taken": 2, "again": 1, "worst": 0.0}


@pytest.mark.parametrize("best", range(TRIES))
def test_of_those_that_were_all_disturbed_the_least_counts(best: int) -> None:
    machine = Machine(*(2 if number == best else 3 + number for number in range(TRIES)))
    assert machine.undisturbed.take(machine.measure) == best + 1
    assert machine.undisturbed.told() == {"taken": TRIES, "again": TRIES - 1, "worst": 0.1}
