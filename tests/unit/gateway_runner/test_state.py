"""The state file: what another process may believe about a stack."""

import os
from pathlib import Path

import psutil
from gateway.runner.state import (
    ComponentState,
    Phase,
    ProcessId,
    StackState,
    Stage,
    read_state,
    running_state,
    state_file,
    this_process,
    write_state,
)


def _state(supervisor: ProcessId, *stages: Stage, phase: Phase = Phase.READY) -> StackState:
    components = [ComponentState(name=f"part-{number}", stage=stage) for number, stage in enumerate(stages)]
    return StackState(supervisor=supervisor, phase=phase, components=components)


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    state = _state(this_process(), Stage.READY, Stage.STARTING)
    write_state(tmp_path, state)
    assert read_state(tmp_path) == state
    assert running_state(tmp_path) == state
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_no_file_is_no_stack(tmp_path: Path) -> None:
    assert read_state(tmp_path) is None
    assert running_state(tmp_path) is None


def test_file_of_another_version_or_half_of_one_is_no_stack(tmp_path: Path) -> None:
    for content in ("", "{", "[]", '{"supervisor": 12}'):
        state_file(tmp_path).write_text(content)
        assert read_state(tmp_path) is None


def test_process_that_ended_runs_no_stack(tmp_path: Path) -> None:
    never = max(psutil.pids()) + 100_000
    write_state(tmp_path, _state(ProcessId(pid=never, created=1.0)))
    assert running_state(tmp_path) is None
    assert ProcessId.of(never) is None


def test_number_used_again_by_another_process_is_not_taken_for_the_runner(tmp_path: Path) -> None:
    mine = this_process()
    write_state(tmp_path, _state(ProcessId(pid=os.getpid(), created=mine.created - 60)))
    assert running_state(tmp_path) is None


def test_all_ready_needs_a_finished_start_and_every_component() -> None:
    me = this_process()
    assert _state(me, Stage.READY, Stage.READY).all_ready
    assert not _state(me, Stage.READY, Stage.RESTARTING).all_ready
    assert not _state(me, Stage.READY, Stage.UNHEALTHY).all_ready
    assert not _state(me, Stage.READY, phase=Phase.STARTING).all_ready
