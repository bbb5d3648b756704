"""The table of results, as it is printed and as docs/conformance.md has it."""

from collections.abc import Iterable
from dataclasses import dataclass

from tests.conformance.judge import Verdict
from tests.support.stack import ROOT

DOCUMENT = ROOT / "docs" / "conformance.md"

HEADINGS = ("target", "way", "MCP", "suite", "passed", "partly", "expected failures", "silent", "unexpected")


@dataclass(frozen=True)
class Row:
    """One run: its scenarios, counted."""

    target: str
    way: str
    revision: str
    release: str
    verdict: Verdict

    def __str__(self) -> str:
        found = self.verdict
        counts = map(len, (found.passed, found.partly, found.expected, found.silent, found.unexpected))
        return _line(self.target, self.way, self.revision, self.release, *map(str, counts))


def table(rows: Iterable[Row]) -> list[str]:
    """Lines of Markdown."""
    return [_line(*HEADINGS), "|" + "---|" * len(HEADINGS), *map(str, rows)]


def assert_documented(rows: Iterable[Row]) -> None:
    """docs/conformance.md has these rows, figure by figure."""
    written = DOCUMENT.read_text().splitlines()
    missing = [str(row) for row in rows if str(row) not in written]
    assert not missing, "docs/conformance.md should say:\n" + "\n".join(missing)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
