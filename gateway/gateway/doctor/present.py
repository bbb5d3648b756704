"""Shows the outcomes: as lines for a person, coloured on a terminal and plain in a pipe, or as JSON for a program."""

import json
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from gateway.doctor.findings import Finding, Level, Outcome

COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.FAILURE: "bold red", Level.NOT_CHECKED: "dim"}
WIDTH_OF_LEVEL = len(Level.NOT_CHECKED)
WIDTH_OF_TITLE = 18


class Printer:
    """Prints outcomes as they come. Steps that one reason made impossible share a line, when that reason ends."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._titles: list[str] = []
        self._reason = ""

    def show(self, outcome: Outcome) -> None:
        """One line for each finding. Text, not markup: what a server wrote is never read as a style."""
        for finding in outcome.findings:
            if finding.level is Level.NOT_CHECKED:
                if finding.text != self._reason:
                    self.flush()
                self._reason = finding.text
                self._titles.append(outcome.title)
            else:
                self.flush()
                self._print(outcome.title, finding)

    def flush(self) -> None:
        """Print what was kept back."""
        if self._titles:
            title = self._titles[0] if len(self._titles) == 1 else f"{len(self._titles)} steps"
            names = "" if len(self._titles) == 1 else f" ({', '.join(self._titles)})"
            self._print(title, Finding(Level.NOT_CHECKED, self._reason + names))
        self._titles = []

    def _print(self, title: str, finding: Finding) -> None:
        self._console.print(_line(title, finding), soft_wrap=True)


def summary(outcomes: Sequence[Outcome]) -> str:
    """How many of each."""
    counts = _counts(outcomes)
    return ", ".join(f"{counts[level]} {level}" for level in Level if counts[level])


def as_json(url: str, outcomes: Sequence[Outcome]) -> str:
    """Everything as one object; characters beyond ASCII are escaped, so that it is safe on a terminal too."""
    steps = [{"step": o.key, "level": f.level, "text": f.text, "fix": f.fix} for o in outcomes for f in o.findings]
    return json.dumps(
        {"url": url, "ok": not has_failure(outcomes), "counts": _counts(outcomes), "findings": steps}, indent=2
    )


def has_failure(outcomes: Iterable[Outcome]) -> bool:
    """Whether one finding is a failure."""
    return any(finding.level is Level.FAILURE for outcome in outcomes for finding in outcome.findings)


def _counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    levels = [finding.level for outcome in outcomes for finding in outcome.findings]
    return {level.value: levels.count(level) for level in Level}


def _line(title: str, finding: Finding) -> Text:
    line = Text(f"{finding.level:<{WIDTH_OF_LEVEL}}  ", style=COLOURS[finding.level])
    line.append(f"{title:<{WIDTH_OF_TITLE}}", style="bold")
    line.append(finding.text)
    if finding.fix:
        line.append(f"; fix: {finding.fix}", style="cyan")
    return line
