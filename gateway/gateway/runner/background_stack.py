"""A stack that goes on after the command has ended: started, and followed until it is ready."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from gateway.runner.board import Listener
from gateway.runner.errors import GatewayError, Interrupted, StartFailed
from gateway.runner.filelock import Locked, hold
from gateway.runner.foreground import already_running, lock_path
from gateway.runner.logs import log_path, tail
from gateway.runner.ports import check_ports, wanted_ports
from gateway.runner.private_files import private_directory, private_files
from gateway.runner.state import Phase, StackState, read_state
from gateway.runner.stopping import STOP_DEADLINE, stop_leftovers
from gateway.settings import Settings

FOLLOW_EVERY = 0.05
SUPERVISE = (sys.executable, "-m", "gateway", "supervise")


def start_in_background(settings: Settings, show: Listener, command: Sequence[str] = SUPERVISE) -> None:
    """Starts a supervisor of its own session and returns when all is ready.

    Raises:
        GatewayError: it did not become ready; nothing is left running then.
    """
    with private_files():
        _refuse_early(settings)
        log = log_path(settings.state_dir / "logs", "supervisor")
        written = log.stat().st_size if log.exists() else 0
        child = _spawn(command, settings, log)
    try:
        _follow(settings.state_dir, child, show, log, written)
    except KeyboardInterrupt as error:
        child.terminate()
        child.wait(STOP_DEADLINE)
        raise Interrupted("stopped before all was ready") from error


def _refuse_early(settings: Settings) -> None:
    (private_directory(settings.state_dir) / "logs").mkdir(exist_ok=True)
    try:
        with hold(lock_path(settings.state_dir)):
            stop_leftovers(settings.state_dir)
            check_ports(wanted_ports(settings))
    except Locked as error:
        raise already_running(settings.state_dir) from error


def _spawn(command: Sequence[str], settings: Settings, log: Path) -> "subprocess.Popen[bytes]":
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            env=os.environ | settings.as_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _follow(state_dir: Path, child: "subprocess.Popen[bytes]", show: Listener, log: Path, written: int) -> None:
    while True:
        ended = child.poll() is not None  # asked first, so that a state written before its end is read below
        state = read_state(state_dir)
        mine = state is not None and state.supervisor.pid == child.pid
        if mine and state is not None:
            show(state)
            if state.phase is Phase.READY and not ended:
                child.returncode = 0  # it goes on without us; Popen would warn of a child that was not waited for
                return
        if ended:
            raise _failure(state if mine else None, log, written)
        time.sleep(FOLLOW_EVERY)


def _failure(state: StackState | None, log: Path, written: int) -> GatewayError:
    if state and state.failure:
        error = GatewayError(state.failure, tail=state.failure_tail)
        error.exit_code = state.exit_code
        return error
    return StartFailed(f"the supervisor ended; its log is {log}", tail=tail(log, after=written))
