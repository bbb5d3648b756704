"""The supervisor with small real processes: dying, hanging, ignoring signals, being killed."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil
import pytest
from gateway.runner.board import Board
from gateway.runner.component import Component, Probe, Say, Stack
from gateway.runner.errors import InstallFailed, Interrupted, StartFailed
from gateway.runner.state import Phase, StackState, Stage
from gateway.runner.supervisor import StopRequest, Supervisor

from tests.support.ports import free_ports
from tests.support.runner import a_board, fake_component, pids_of


@asynccontextmanager
async def _running(tmp_path: Path, board: Board, *components: Component) -> AsyncIterator[StopRequest]:
    """The components from "all is ready" to the end of the block; then nothing of them runs any more."""
    stop = StopRequest()
    running = asyncio.create_task(_supervisor(tmp_path, board, *components).run(stop))
    try:
        await _until(lambda: board.state.phase is Phase.READY, running)
        yield stop
    finally:
        stop.signal()
        await running
    assert not [pid for component in components for pid in _alive(tmp_path, component.name)]


def _supervisor(tmp_path: Path, board: Board, *components: Component) -> Supervisor:
    logs = tmp_path / "logs"
    logs.mkdir(exist_ok=True)
    return Supervisor(Stack(components, front_doors=(components[-1].ready,)), board, logs=logs)


async def _until(condition: Callable[[], object], running: "asyncio.Task[None] | None" = None) -> None:
    async with asyncio.timeout(30):
        while not condition():
            if running and running.done():
                await running
            await asyncio.sleep(0.02)


def _alive(tmp_path: Path, name: str) -> list[int]:
    alive = []
    for pid in pids_of(tmp_path, name):
        with suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                alive.append(pid)
    return alive


@pytest.mark.covers("F21")
async def test_all_are_started_together_and_stopped_from_the_front_to_the_back(tmp_path: Path) -> None:
    one, two = free_ports(2)
    parts = fake_component("back", tmp_path, one), fake_component("front", tmp_path, two)
    board = a_board(*parts)
    stopped: list[str] = []

    def listen(state: StackState) -> None:
        gone = {row.name for row in state.components if row.stage is Stage.STOPPED}
        stopped.extend(sorted(gone - set(stopped)))

    board = Board(board.state, [listen])
    async with _running(tmp_path, board, *parts):
        assert board.state.all_ready
    assert stopped == ["front", "back"]


async def test_a_component_that_dies_while_starting_ends_the_start_with_its_name_and_its_log(tmp_path: Path) -> None:
    one, two = free_ports(2)
    parts = fake_component("good", tmp_path, one), fake_component("bad", tmp_path, two, "dies")
    board = a_board(*parts)
    with pytest.raises(StartFailed) as failed:
        await _supervisor(tmp_path, board, *parts).run(StopRequest())
    assert failed.value.sentence.startswith("bad exited with code 7 while starting; its log is ")
    assert failed.value.tail == ["a line of the log", "the reason why"]
    assert board.component("bad").stage is Stage.FAILED
    assert not _alive(tmp_path, "good")


async def test_a_component_that_is_never_ready_ends_the_start_at_its_deadline(tmp_path: Path) -> None:
    part = fake_component("mute", tmp_path, free_ports(1)[0], "stays-silent", start_deadline=1.0)
    with pytest.raises(StartFailed, match=r"mute was not ready after 1 s \(not listening yet\)"):
        await _supervisor(tmp_path, a_board(part), part).run(StopRequest())
    assert not _alive(tmp_path, "mute")


async def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    part = Component(name="absent", argv=(str(tmp_path / "nothing"),), ready=Probe("http://127.0.0.1:9/"))
    with pytest.raises(StartFailed, match="absent exited with code 127") as failed:
        await _supervisor(tmp_path, a_board(part), part).run(StopRequest())
    assert failed.value.tail == [f"{tmp_path / 'nothing'} cannot be run: No such file or directory"]


async def test_a_step_before_the_start_that_fails_is_what_the_user_hears(tmp_path: Path) -> None:
    async def fetch(say: Say) -> None:
        say("downloading")
        raise InstallFailed("it could not be downloaded")

    part = fake_component("part", tmp_path, free_ports(1)[0], before_start=fetch)
    board = a_board(part)
    with pytest.raises(InstallFailed, match="it could not be downloaded"):
        await _supervisor(tmp_path, board, part).run(StopRequest())
    assert (board.component("part").stage, board.component("part").detail) == (
        Stage.FAILED,
        "it could not be downloaded",
    )
    assert pids_of(tmp_path, "part") == []


@pytest.mark.covers("F1", "F6", "F12")
async def test_a_killed_component_is_started_again_and_said_so(tmp_path: Path) -> None:
    part = fake_component("part", tmp_path, free_ports(1)[0])
    board = a_board(part)
    said: list[str] = []
    board = Board(board.state, [lambda state: said.append(state.components[0].detail)])
    async with _running(tmp_path, board, part):
        os.kill(pids_of(tmp_path, "part")[0], signal.SIGKILL)
        await _until(lambda: len(pids_of(tmp_path, "part")) == 2 and board.component("part").stage is Stage.READY)
        assert board.component("part").restarts == 1
    assert any(line.startswith("was ended by SIGKILL; starting it again in 0.2 s") for line in said)


async def test_a_component_that_dies_on_each_restart_is_tried_on_with_longer_waits(tmp_path: Path) -> None:
    part = fake_component("part", tmp_path, free_ports(1)[0], "dies-if-restarted")
    board = a_board(part)
    async with _running(tmp_path, board, part):
        os.kill(pids_of(tmp_path, "part")[0], signal.SIGKILL)
        await _until(lambda: board.component("part").stage is Stage.READY and len(pids_of(tmp_path, "part")) == 3)
        assert board.component("part").restarts == 2


async def test_a_component_that_ignores_sigterm_is_killed_within_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.runner.supervisor.HEAD_START", 0.1)
    monkeypatch.setattr("gateway.runner.supervisor.STOP_BOUND", 0.5)
    part = fake_component("part", tmp_path, free_ports(1)[0], "ignores-sigterm")
    async with asyncio.timeout(10), _running(tmp_path, a_board(part), part):
        pass


async def test_the_second_signal_does_not_wait_for_a_component_that_ignores_sigterm(tmp_path: Path) -> None:
    part = fake_component("part", tmp_path, free_ports(1)[0], "ignores-sigterm")
    async with asyncio.timeout(10), _running(tmp_path, a_board(part), part) as stop:
        stop.signal()
        stop.signal()


async def test_a_stop_before_all_is_ready_leaves_nothing(tmp_path: Path) -> None:
    part = fake_component("mute", tmp_path, free_ports(1)[0], "stays-silent")
    stop = StopRequest()
    running = asyncio.create_task(_supervisor(tmp_path, a_board(part), part).run(stop))
    await _until(lambda: pids_of(tmp_path, "mute"))
    stop.signal()
    with pytest.raises(Interrupted):
        await running
    assert not _alive(tmp_path, "mute")


async def test_a_component_that_stops_answering_is_shown_as_unhealthy_until_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.runner.keeper.WATCH_EVERY", 0.05)
    part = fake_component("part", tmp_path, free_ports(1)[0])
    board = a_board(part)
    async with _running(tmp_path, board, part):
        (tmp_path / "part" / "unwell").touch()
        await _until(lambda: board.component("part").stage is Stage.UNHEALTHY)
        assert not board.state.all_ready
        (tmp_path / "part" / "unwell").unlink()
        await _until(lambda: board.state.all_ready)
        assert board.component("part").restarts == 0


async def test_all_is_ready_only_when_every_front_door_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.runner.supervisor.FRONT_DOOR_DEADLINE", 0.5)
    part = fake_component("part", tmp_path, free_ports(1)[0])
    closed = Probe(f"http://127.0.0.1:{free_ports(1)[0]}/health")
    supervisor = Supervisor(Stack((part,), front_doors=(part.ready, closed)), a_board(part), logs=tmp_path)
    with pytest.raises(StartFailed, match=r"/health did not answer 200 within 0 s: not listening yet"):
        await supervisor.run(StopRequest())
    assert not _alive(tmp_path, "part")


async def test_the_chore_begins_when_all_is_ready_goes_on_and_ends_with_the_rest(tmp_path: Path) -> None:
    part = fake_component("part", tmp_path, free_ports(1)[0])
    board, stages, ended = a_board(part), list[Stage](), asyncio.Event()

    async def chore(_: Say) -> None:
        try:
            while True:
                stages.append(board.component("part").stage)
                await asyncio.sleep(0.01)
        finally:
            ended.set()

    stop, stack = StopRequest(), Stack((part,), front_doors=(part.ready,), chore=chore)
    running = asyncio.create_task(Supervisor(stack, board, logs=tmp_path).run(stop))
    await _until(lambda: len(stages) > 1, running)
    stop.signal()
    await running
    assert set(stages) == {Stage.READY}
    assert ended.is_set()
