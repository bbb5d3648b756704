"""docs/reliability.md shows what was measured, and nothing else."""

import pytest

from tests.support.reliability import PAPER, filled, measured


@pytest.mark.covers("D1")
def test_the_tables_are_those_of_the_last_measurement() -> None:
    assert filled(PAPER.read_text(encoding="utf-8")) == PAPER.read_text(encoding="utf-8"), (
        "run: python -m tests.support.reliability"
    )


@pytest.mark.covers("D1")
def test_nobody_got_in_in_any_row_and_every_bound_was_kept() -> None:
    assert {row["unauthorized_allows"] for row in measured("faults")["faults"]} == {0}
    assert all(one["last_s"] <= one["bound_s"] for one in measured("faults")["revocation"])
