"""Tables in Markdown, and how figures are written in them."""

from collections.abc import Mapping, Sequence

Spread = Mapping[str, float]
"""As JSON holds it: minimum, median, maximum."""

NOT_MEASURED = "-"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; every column but the first is aligned to the right.

    Raises:
        ValueError: a row has not as many cells as the head.
    """
    if wrong := [row for row in rows if len(row) != len(head)]:
        raise ValueError(f"a row of {len(wrong[0])} cells below a head of {len(head)}")
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *rows))


def number(value: float) -> str:
    """With as many digits as mean something: 7,960; 316; 12.5; 0.85. What was counted is whole: 1."""
    if isinstance(value, int):
        return f"{value:,}"
    if abs(value) >= 100:  # noqa: PLR2004
        return f"{value:,.0f}"
    if abs(value) >= 10:  # noqa: PLR2004
        return f"{value:.1f}"
    return f"{value:.2f}"


def spread(value: Spread) -> str:
    """The median, with what the rounds ranged over."""
    if value["minimum"] == value["maximum"]:
        return number(value["median"])
    return f"{number(value['median'])} ({number(value['minimum'])} to {number(value['maximum'])})"
