"""Shows attacks as a table for a person, or as JSON for a program."""

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from gateway.doctor.attacks.run import Fought, has_failure
from gateway.doctor.findings import Level, Outcome
from gateway.doctor.present import COLOURS, WIDTH_OF_LEVEL, as_json
from gateway.doctor.present import has_failure as is_blocked

WIDTHS = {"class": 5, "attack": 40, "expected": 18, "seen": 6}


class Table:
    """Prints attacks as they come. Those of a class that one reason made impossible share a line."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._is_begun = False
        self._kept: list[Fought] = []

    def show(self, fought: Fought) -> None:
        """One line, or a part of one."""
        if self._kept and _why(fought) != _why(self._kept[0]):
            self.flush()
        self._kept.append(fought)
        if fought.finding.level is not Level.NOT_CHECKED:
            self.flush()

    def flush(self) -> None:
        """Print what was kept back."""
        if self._kept and not self._is_begun:
            self._is_begun = True
            line = " ".join(f"{name:<{WIDTHS[name]}}" for name in ("class", "attack", "expected", "seen"))
            self._console.print(f"\n{'':<{WIDTH_OF_LEVEL}} {line}".rstrip(), style="bold", soft_wrap=True)
        if self._kept:
            self._console.print(_line(self._kept[0], len(self._kept)), soft_wrap=True)
        self._kept = []


def _line(fought: Fought, count: int) -> Text:
    """Text, not markup: what a server wrote is never read as a style."""
    attack, finding = fought.attack, fought.finding
    title = attack.title if count == 1 else f"{count} attacks"
    cells = {"class": attack.kind, "attack": title, "expected": attack.expected.text, "seen": fought.seen or "-"}
    line = Text(f"{finding.level:<{WIDTH_OF_LEVEL}} ", style=COLOURS[finding.level])
    line.append(" ".join(f"{text:<{WIDTHS[name]}}" for name, text in cells.items()))
    if finding.level is not Level.OK:
        line.append(f" {finding.text}")
    if finding.fix:
        line.append(f"; fix: {finding.fix}", style="cyan")
    line.rstrip()
    return line


def _why(fought: Fought) -> tuple[str, str]:
    return fought.attack.kind, fought.finding.text


def summary(all_fought: Sequence[Fought]) -> str:
    """How many of each."""
    return ", ".join(f"{count} {level}" for level, count in _counts(all_fought).items() if count)


def to_json(url: str, before: Sequence[Outcome], all_fought: Sequence[Fought]) -> str:
    """The object of the walk, for the steps that went before, with the attacks in it."""
    told: dict[str, Any] = json.loads(as_json(url, before))
    told["ok"] = not fails(before, all_fought)
    told["counts"] = _counts(all_fought)
    told["attacks"] = [_member(fought) for fought in all_fought]
    return json.dumps(told, indent=2)


def fails(before: Sequence[Outcome], all_fought: Sequence[Fought]) -> bool:
    """Whether the command does."""
    return is_blocked(before) or has_failure(list(all_fought))


def _member(fought: Fought) -> dict[str, Any]:
    attack, finding = fought.attack, fought.finding
    named = {"class": attack.kind, "attack": attack.title, "expected": attack.expected.text, "seen": fought.seen}
    return named | {"level": finding.level, "text": finding.text, "fix": finding.fix}


def _counts(all_fought: Sequence[Fought]) -> dict[str, int]:
    levels = [fought.finding.level for fought in all_fought]
    return {level.value: levels.count(level) for level in Level}
