"""A stack takes changed files up while it runs: one component is started again, the others are not."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from gateway.runner.errors import NotRunning, StartFailed
from gateway.runner.reloading import reload
from gateway.runner.state import Phase, StackState, read_state

from tests.support.ports import free_ports
from tests.support.runner import eventually, pids_of

# A stack of two fakes whose reload fails while a file says so; run as a process of its own, which gets the signals
STACK = """
import sys
from pathlib import Path
from gateway.runner.component import Stack
from gateway.runner.errors import StartFailed
from gateway.runner.foreground import run_stack
from tests.support.runner import fake_component, settings_in

folder, front, back = Path(sys.argv[1]), *map(int, sys.argv[2:])
parts = (fake_component("back", folder, back), fake_component("front", folder, front))

async def reload(say):
    if (folder / "refuse").exists():
        raise StartFailed("it is not as it should be")
    say("reading it anew")

run_stack(settings_in(folder), Stack(parts, (parts[1].ready,), reload=reload, restarted=("front",)), lambda state: None)
"""
ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def running(folder: Path) -> Iterator[Path]:
    """The state directory of a stack that is ready."""
    front, back = free_ports(2)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", STACK, str(folder), str(front), str(back)]
    with subprocess.Popen(command, env=environment) as process:
        try:
            eventually(lambda: (state := read_state(folder / "state")) and state.phase is Phase.READY, 60)
            yield folder / "state"
        finally:
            process.terminate()
            process.wait(30)


def test_what_must_read_its_files_anew_is_started_again_and_nothing_else(tmp_path: Path) -> None:
    with running(tmp_path) as state_dir:
        state = reload(state_dir)
        assert [len(pids_of(tmp_path, name)) for name in ("front", "back")] == [2, 1]
        assert state.all_ready
        assert [row.restarts for row in state.components] == [0, 0], "it was wanted, and is no failure"
        assert reload(state_dir).reloads == 2


@pytest.mark.covers("F14")
def test_a_refused_change_is_told_and_all_goes_on_as_it_was(tmp_path: Path) -> None:
    with running(tmp_path) as state_dir:
        (tmp_path / "refuse").touch()
        with pytest.raises(StartFailed, match="it is not as it should be"):
            reload(state_dir)
        state = read_state(state_dir)
        assert isinstance(state, StackState)
        assert state.all_ready
        assert [len(pids_of(tmp_path, name)) for name in ("front", "back")] == [1, 1]
        (tmp_path / "refuse").unlink()
        assert reload(state_dir).reload_failure == ""


def test_where_nothing_runs_there_is_nothing_to_reload(tmp_path: Path) -> None:
    with pytest.raises(NotRunning):
        reload(tmp_path)
