"""What a start looks like where there is no terminal, and on one."""

import io

import pytest
from gateway.runner.progress import LineProgress, TableProgress, duration, progress_for, table
from gateway.runner.state import ComponentState, Phase, StackState, Stage, this_process
from rich.console import Console


def _state(stage: Stage, detail: str = "", phase: Phase = Phase.STARTING) -> StackState:
    row = ComponentState(name="keycloak", stage=stage, detail=detail)
    return StackState(supervisor=this_process(), phase=phase, components=[row])


def _console(*, terminal: bool = False) -> tuple[Console, io.StringIO]:
    written = io.StringIO()
    return Console(file=written, force_terminal=terminal, width=100), written


def test_without_a_terminal_each_change_is_one_plain_line() -> None:
    console, written = _console()
    with LineProgress(console) as progress:
        for detail in ("downloading: 5 of 177 MB", "downloading: 5 of 177 MB", "building"):
            progress(_state(Stage.STARTING, detail))
        progress(_state(Stage.READY, phase=Phase.READY))
    lines = [line.partition(" s  ")[2] for line in written.getvalue().splitlines()]
    assert lines == [
        "keycloak: starting: downloading: 5 of 177 MB",
        "keycloak: starting: building",
        "keycloak: ready",
    ]
    assert "\x1b" not in written.getvalue()


def test_a_component_that_waits_for_its_turn_is_not_a_change() -> None:
    console, written = _console()
    LineProgress(console)(_state(Stage.WAITING))
    assert written.getvalue() == ""


def test_brackets_in_a_detail_are_shown_and_not_taken_for_markup() -> None:
    console, written = _console()
    LineProgress(console)(_state(Stage.FAILED, "https://[::1]:8443/health [red]"))
    assert "https://[::1]:8443/health [red]" in written.getvalue()
    console, written = _console()
    console.print(table(_state(Stage.STARTING, "https://[::1]:8443/health [red]")))
    assert "https://[::1]:8443/health [red]" in written.getvalue()


def test_a_terminal_gets_a_table_and_afterwards_a_line_for_each_restart() -> None:
    console, written = _console(terminal=True)
    with progress_for(console) as progress:
        assert isinstance(progress, TableProgress)
        progress(_state(Stage.STARTING, "building"))
        progress(_state(Stage.READY, phase=Phase.READY))
        before = len(written.getvalue())
        again = _state(Stage.RESTARTING, "was ended by SIGKILL", phase=Phase.READY)
        again.components[0].restarts = 1
        progress(again)
    assert "component" in written.getvalue()[:before]
    assert "keycloak: restarting: was ended by SIGKILL" in written.getvalue()[before:]


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.9, "0 s"), (59.9, "59 s"), (60, "1 min"), (3599, "59 min"), (7500, "2 h 5 min")]
)
def test_durations_are_said_as_people_say_them(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown
