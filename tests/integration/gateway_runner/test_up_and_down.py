"""`up`, `down` and Ctrl-C from outside, with small components in place of the real ones."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import psutil
import pytest
from gateway.runner.background_stack import start_in_background
from gateway.runner.errors import AlreadyRunning, GatewayError, StartFailed
from gateway.runner.filelock import hold
from gateway.runner.foreground import lock_path
from gateway.runner.state import (
    ComponentState,
    Phase,
    ProcessId,
    StackState,
    read_state,
    running_state,
    this_process,
    write_state,
)
from gateway.runner.stopping import stop, stop_leftovers

from tests.support.ports import free_ports
from tests.support.runner import ROOT, eventually, pids_of, settings_in

FAKE_STACK = str(ROOT / "tests" / "support" / "fake_stack.py")


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, port in zip(("PORT_A", "PORT_B"), free_ports(2), strict=True):
        monkeypatch.setenv(name, str(port))


@contextmanager
def _up(folder: Path, *how: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, FAKE_STACK, str(folder), *how],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def _ready(folder: Path) -> bool:
    state = running_state(folder / "state")
    return state is not None and state.all_ready


def _left(folder: Path) -> list[int]:
    left = []
    for pid in pids_of(folder, "a") + pids_of(folder, "b"):
        with suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                left.append(pid)
    return left


@pytest.mark.usefixtures("ports")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_and_ends_with_0(tmp_path: Path, number: signal.Signals) -> None:
    with _up(tmp_path) as process:
        eventually(lambda: _ready(tmp_path))
        process.send_signal(number)
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert not _left(tmp_path)
    assert said.splitlines()[-1].endswith("gateway: stopped")
    state = read_state(tmp_path / "state")
    assert state is not None
    assert state.phase is Phase.STOPPED


@pytest.mark.covers("S19", "S20")
@pytest.mark.usefixtures("ports")
@pytest.mark.parametrize("detached", [True, False])
def test_nobody_else_can_read_anything_in_the_state_directory(tmp_path: Path, *, detached: bool) -> None:
    """Of a folder that an earlier version made for everybody, and with the umask that most systems have."""
    state = settings_in(tmp_path).state_dir
    state.mkdir(mode=0o755)
    before = os.umask(0o022)
    try:
        with _up(tmp_path) if not detached else nullcontext():
            if detached:
                start_in_background(settings_in(tmp_path), lambda _: None, (sys.executable, FAKE_STACK, str(tmp_path)))
            eventually(lambda: _ready(tmp_path) and (tmp_path / "a/wrote").exists())
            found = {path: path.stat().st_mode & 0o077 for path in (state, *state.rglob("*"), tmp_path / "a/wrote")}
            stop(state)
    finally:
        os.umask(before)
    assert len(found) > 5
    assert not [path for path, mode in found.items() if mode]


@pytest.mark.usefixtures("ports")
def test_ctrl_c_at_a_terminal_reaches_the_runner_only_and_leaves_no_process(tmp_path: Path) -> None:
    pid, terminal = pty.fork()
    if pid == 0:  # the child: its terminal is the other end
        os.execv(sys.executable, [sys.executable, FAKE_STACK, str(tmp_path)])
    try:
        eventually(lambda: _ready(tmp_path))
        os.write(terminal, b"\x03\x03")
        _, status = os.waitpid(pid, 0)
    finally:
        os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0
    assert not _left(tmp_path)


@pytest.mark.usefixtures("ports")
def test_a_failing_component_ends_up_with_one_sentence_and_1(tmp_path: Path) -> None:
    with _up(tmp_path, "dies") as process:
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert said.splitlines()[-1].startswith("b exited with code 7 while starting; its log is ")
    assert not _left(tmp_path)


@pytest.mark.usefixtures("ports")
@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends children with their parent on Linux only")
def test_nothing_survives_a_runner_that_is_killed(tmp_path: Path) -> None:
    with _up(tmp_path) as process:
        eventually(lambda: _ready(tmp_path))
        process.kill()
        process.wait()
        eventually(lambda: not _left(tmp_path))
    assert running_state(tmp_path / "state") is None
    assert stop(tmp_path / "state") == []


@pytest.mark.usefixtures("ports")
def test_background_start_returns_when_all_is_ready_and_down_ends_it(tmp_path: Path) -> None:
    settings, phases = settings_in(tmp_path), list[Phase]()
    command = (sys.executable, FAKE_STACK, str(tmp_path))
    try:
        start_in_background(settings, lambda state: phases.append(state.phase), command)
        assert phases[-1] is Phase.READY
        assert _ready(tmp_path)
        with pytest.raises(AlreadyRunning, match=r"runs already \(process \d+\)"):
            start_in_background(settings, lambda _: None, command)
        assert _ready(tmp_path)
    finally:
        stopped = stop(settings.state_dir)
    assert stopped == ["supervisor"]
    assert not _left(tmp_path)
    assert running_state(settings.state_dir) is None
    assert stop(settings.state_dir) == []


@pytest.mark.usefixtures("ports")
def test_background_start_that_fails_says_why_with_the_log_and_leaves_nothing(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with pytest.raises(GatewayError) as failed:
        start_in_background(settings, lambda _: None, (sys.executable, FAKE_STACK, str(tmp_path), "dies"))
    assert failed.value.exit_code == StartFailed.exit_code
    assert failed.value.sentence.startswith("b exited with code 7 while starting")
    assert failed.value.tail == ["a line of the log", "the reason why"]
    assert not _left(tmp_path)


def test_supervisor_that_ends_without_a_word_is_reported_with_its_last_lines(tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match="the supervisor ended") as failed:
        start_in_background(settings_in(tmp_path), lambda _: None, (sys.executable, "-c", "print('last words')"))
    assert failed.value.tail == ["last words"]


def test_left_over_processes_are_stopped_and_a_stranger_with_a_used_number_is_not(tmp_path: Path) -> None:
    own = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    stranger = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    try:
        rows = [_row("own", own.pid), _row("stranger", stranger.pid, older_by=60)]
        write_state(tmp_path, StackState(supervisor=this_process(), components=rows))
        assert stop_leftovers(tmp_path) == ["own"]
        own.wait(5)
        assert stranger.poll() is None
    finally:
        for process in (own, stranger):
            process.kill()
            process.wait()


def _row(name: str, pid: int, older_by: float = 0.0) -> ComponentState:
    created = psutil.Process(pid).create_time() - older_by
    return ComponentState(name=name, process=ProcessId(pid=pid, created=created))


def _command(tmp_path: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    settings = settings_in(tmp_path)
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        env=os.environ | settings.as_environment() | environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_status_of_nothing_ends_with_3_and_down_with_0(tmp_path: Path) -> None:
    status, down = _command(tmp_path, "status"), _command(tmp_path, "down")
    assert (status.returncode, status.stderr) == (3, "mcp-gateway: the gateway is not running\n")
    assert (down.returncode, down.stdout) == (0, "nothing was running\n")


def test_bad_setting_ends_up_with_2_and_one_line(tmp_path: Path) -> None:
    done = _command(tmp_path, "up", HTTPS_PORT="https")
    assert done.returncode == 2
    assert re.fullmatch(r"mcp-gateway: HTTPS_PORT .*\n", done.stderr)


@pytest.mark.covers("S19")
@pytest.mark.parametrize("command", [["up"], ["up", "--detach"], ["supervise"]])
def test_published_passwords_are_refused_in_production_by_name(tmp_path: Path, command: list[str]) -> None:
    published = ("KEYCLOAK_CLIENT_SECRET", "KC_BOOTSTRAP_ADMIN_PASSWORD", "MCP_MACHINE_SECRET")
    production = {"ENVIRONMENT": "production", **dict.fromkeys(published, "")}
    for name in published:
        done = _command(tmp_path, *command, **production)
        assert done.returncode == 2
        assert re.fullmatch(rf"mcp-gateway: {name} must not be the published default .*\n", done.stderr)
        production[name] = "of my own"
    assert not (tmp_path / "state").exists()


def test_up_warns_of_published_passwords_on_an_address_of_the_network(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way, so that nothing is started")
    done = _command(tmp_path, "up", "--bind", "0.0.0.0")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 2)
    assert re.match(r"warning: testuser and the default passwords.* set ENVIRONMENT=production", done.stderr)
    assert "warning" not in _command(tmp_path, "up").stderr


@pytest.mark.parametrize("more", [[], ["--detach"]])
def test_second_up_ends_with_4_and_touches_nothing(tmp_path: Path, more: list[str]) -> None:
    with hold(lock_path(settings_in(tmp_path).state_dir)):
        done = _command(tmp_path, "up", *more)
    assert done.returncode == 4
    assert "the gateway runs already" in done.stderr
    assert not (tmp_path / "state" / "state.json").exists()
