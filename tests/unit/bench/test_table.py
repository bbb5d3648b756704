"""How figures are written, and that only what is between markers is rewritten."""

import pytest

from bench.papers import filled
from bench.table import markdown, number, spread

MACHINE = {"cores": 2, "cpu": "a CPU", "python": "3.11", "packages": {"grpcio": "1"}, "commit": "abc", "load": 0.1}
MEMORY = {
    "memory": {
        "mib": {"envoy": 50.0},
        "starts": {"everything but Keycloak": {"minimum": 2.0, "median": 2.5, "maximum": 3.0}},
        "at": "today",
        "rounds": 5,
        "seconds": 4,
        "machine": MACHINE,
    }
}


@pytest.mark.parametrize(
    ("value", "text"), [(7960.4, "7,960"), (316.2, "316"), (1, "1"), (12.54, "12.5"), (0.846, "0.85"), (-0.1, "-0.10")]
)
def test_a_number_has_the_digits_that_mean_something(value: float, text: str) -> None:
    assert number(value) == text


def test_a_spread_shows_the_median_and_what_the_rounds_ranged_over() -> None:
    assert spread({"minimum": 0.3, "median": 0.35, "maximum": 0.4}) == "0.35 (0.30 to 0.40)"


def test_one_round_has_no_range() -> None:
    assert spread({"minimum": 2.0, "median": 2.0, "maximum": 2.0}) == "2.00"


def test_a_table_aligns_figures_to_the_right() -> None:
    assert markdown(("a", "b"), [("x", "1")]).splitlines() == ["| a | b |", "| --- | ---: |", "| x | 1 |"]


def test_a_row_that_does_not_fit_its_head_is_refused() -> None:
    with pytest.raises(ValueError, match="cells"):
        markdown(("a", "b"), [("x",)])


def test_only_what_stands_between_the_markers_is_rewritten() -> None:
    paper = "before\n<!-- table: memory -->\nold\n<!-- end -->\nafter\n"
    after = filled(paper, MEMORY)
    assert after.startswith("before\n<!-- table: memory -->\n| process | resident MiB |")
    assert after.endswith("<!-- end -->\nafter\n")
    assert "old" not in after
    assert "2.50 (2.00 to 3.00)" in after


def test_a_table_without_a_measurement_stays_as_it_was() -> None:
    paper = "<!-- table: growth -->\nold\n<!-- end -->\n"
    assert filled(paper, MEMORY) == paper
