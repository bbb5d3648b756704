"""Shows a start as it happens: a live table on a terminal, one line per change elsewhere."""

import time
from typing import Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gateway.runner.state import ComponentState, Phase, StackState, Stage

STYLES = {
    Stage.READY: "green",
    Stage.FAILED: "bold red",
    Stage.RESTARTING: "yellow",
    Stage.UNHEALTHY: "yellow",
    Stage.STARTING: "cyan",
}


class Progress(Protocol):
    """Is told the whole state after each change of it."""

    def __call__(self, state: StackState) -> None:
        """Shows what is new."""

    def __enter__(self) -> Self:
        """Begins to show."""

    def __exit__(self, *_: object) -> None:
        """Leaves the screen as it should stay."""


def progress_for(console: Console) -> Progress:
    """What suits the output."""
    return TableProgress(console) if console.is_terminal else LineProgress(console)


class LineProgress:
    """One line per change, without colours or cursor movements: for files, pipes and CI."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._shown: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, state: StackState) -> None:
        before = self._shown.copy()
        self.seen(state)
        elapsed = time.monotonic() - self._began
        for name, text in self._shown.items():
            if before.get(name) != text:
                self._console.print(f"{elapsed:7.1f} s  {name}: {text}", highlight=False, markup=False, soft_wrap=True)

    def seen(self, state: StackState) -> None:
        """Takes the state as shown already, by somebody else."""
        self._shown |= {row.name: describe(row) for row in state.components if row.stage is not Stage.WAITING}
        if state.message:
            self._shown["gateway"] = state.message


class TableProgress:
    """A table that is drawn again in place while the stack starts; afterwards one line per change below it."""

    def __init__(self, console: Console) -> None:
        self._state: StackState | None = None
        self._live = Live(console=console, refresh_per_second=4, get_renderable=self._render)
        self._after = LineProgress(console)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __call__(self, state: StackState) -> None:
        if self._state and self._state.phase is not Phase.STARTING:
            self._after(state)
        else:
            self._state = state.model_copy(deep=True)
            self._after.seen(state)
            if state.phase is not Phase.STARTING:
                self._live.stop()

    def _render(self) -> RenderableType:
        return Group(Text(self._state.message), table(self._state)) if self._state else Text("")


def table(state: StackState, *, with_processes: bool = False) -> Table:
    """The components with what each is doing, and which process it is."""
    rows = Table(box=None, pad_edge=False)
    for heading in ("component", "state", "for", *(("process", "restarts") if with_processes else ()), ""):
        rows.add_column(heading, no_wrap=bool(heading))
    for row in state.components:
        stage = Text(str(row.stage), style=STYLES.get(row.stage, "dim"))
        process = (str(row.process.pid if row.process else "-"), str(row.restarts)) if with_processes else ()
        rows.add_row(row.name, stage, duration(time.time() - row.since), *process, Text(row.detail))
    return rows


def describe(row: ComponentState) -> str:
    """A component's stage in one line."""
    return f"{row.stage}: {row.detail}" if row.detail else str(row.stage)


def duration(seconds: float) -> str:
    """Seconds as a person says them: 12 s, 3 min, 2 h 5 min."""
    whole = int(seconds)
    if whole < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{whole} s"
    minutes = whole // 60
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004
