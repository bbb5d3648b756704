"""Variants by turns: ratios are of one round, and a peer that fails takes no other row with it."""

from dataclasses import replace
from itertools import chain, count, repeat
from pathlib import Path

import pytest

from bench.interleave import interleaved, rows
from bench.load import Implausible, Sample, Target
from bench.optional import Missing
from bench.plan import SHORT
from bench.stolen import Undisturbed

NOWHERE = Path("nowhere")
PLAN = replace(SHORT, rounds=3)


def _target(name: str) -> Target:
    return Target(name, NOWHERE, NOWHERE, {})


class _Load:
    """The machine becomes slower with each round; ``breaks`` fails from its second round on."""

    def __init__(self, breaks: str = "") -> None:
        self.asked: list[str] = []
        self.seconds: list[float] = []
        self._breaks = breaks

    def __call__(self, target: Target, seconds: float) -> Sample:
        self.asked.append(target.url)
        self.seconds.append(seconds)
        round_number = (self.asked.count(target.url) + 1) // 2  # a warm-up, then a sample
        if target.url == self._breaks and round_number > 1:
            raise Implausible(f"{target.url}: refused")
        rate = {"ours": 100.0, "plain": 400.0}.get(target.url, 50.0) / round_number
        return Sample(requests=1, per_second=rate, p50_ms=1, p99_ms=2, cpu_us={"envoy": 10.0})


def undisturbed(*stolen: float) -> Undisturbed:
    """Two cores, and ten seconds a measurement. ``stolen`` is what is read around each, and stays at its last."""
    readings = chain(stolen, repeat(stolen[-1] if stolen else 0.0))
    return Undisturbed(6, readings.__next__, count(0, 10).__next__, 2)


def _targets(*names: str) -> dict[str, Target]:
    return {name: _target(name) for name in names}


def test_a_slower_machine_changes_no_ratio() -> None:
    taken = interleaved(_targets("plain", "ours"), PLAN, lambda: None, undisturbed(), load=_Load())
    ours = rows(taken, "plain")[1]
    assert ours["ratio"] == {"minimum": 0.25, "median": 0.25, "maximum": 0.25}
    assert ours["rates"] == [100.0, 50.0, 100 / 3]


def test_a_peer_that_fails_is_left_out_and_named() -> None:
    missing = Missing()
    load = _Load(breaks="peer")
    taken = interleaved(
        _targets("plain", "peer", "ours"),
        PLAN,
        lambda: None,
        undisturbed(),
        others={"peer"},
        missing=missing,
        load=load,
    )
    assert [(variant.name, len(variant.samples)) for variant in taken] == [("plain", 3), ("ours", 3)]
    assert missing.failed == {"peer": "peer: refused"}


def test_a_row_of_our_own_that_fails_ends_the_measurement() -> None:
    with pytest.raises(Implausible):
        interleaved(
            _targets("plain", "ours"),
            PLAN,
            lambda: None,
            undisturbed(),
            others={"peer"},
            missing=Missing(),
            load=_Load("ours"),
        )


def test_tokens_are_made_anew_before_each_run() -> None:
    made: list[int] = []
    interleaved(_targets("plain"), PLAN, lambda: made.append(1), undisturbed(), load=_Load())
    assert len(made) == PLAN.rounds


def test_what_was_disturbed_is_measured_again_behind_a_warm_up_of_its_own() -> None:
    load, once = _Load(), undisturbed(0, 0, 0, 3)  # around each of the first two measurements
    taken = interleaved(_targets("plain", "ours"), PLAN, lambda: None, once, load=load)
    assert load.asked[:7] == ["plain", "plain", "ours", "ours", "ours", "ours", "plain"]
    assert [len(variant.samples) for variant in taken] == [3, 3]
    assert once.told() == {"taken": 7, "again": 1, "worst": 0.0}


def test_a_slow_program_is_measured_for_longer_behind_the_same_warm_up() -> None:
    load = _Load()
    slow = {"peer": replace(_target("peer"), longer=4)}
    interleaved(slow, PLAN, lambda: None, undisturbed(), load=load)
    assert load.seconds == [PLAN.warm_up_seconds, 4 * PLAN.seconds] * PLAN.rounds
