"""Starting and ending one child process, by its own id."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

LAUNCHER = Path(__file__).with_name("launch.py")


@dataclass(frozen=True, slots=True)
class Running:
    """A child in a session of its own, so that a Ctrl-C at the terminal reaches the runner only."""

    child: asyncio.subprocess.Process
    end: "asyncio.Task[int]"
    log: Path
    log_start: int

    @property
    def pid(self) -> int:
        """Its process id, which is also the id of its session."""
        return self.child.pid

    @property
    def ended(self) -> bool:
        """Whether it is gone (and its exit status was collected)."""
        return self.child.returncode is not None

    def terminate(self) -> None:
        """Asks it to stop (SIGTERM)."""
        if not self.ended:
            with contextlib.suppress(ProcessLookupError):
                self.child.terminate()

    def kill(self) -> None:
        """Ends it and everything that it started in its session (SIGKILL)."""
        if not self.ended:
            with contextlib.suppress(ProcessLookupError):
                self.child.kill()
        kill_session(self.pid)

    async def wait(self, at_most: float | None = None) -> bool:
        """Waits until it is gone; False where that took longer than `at_most` seconds."""
        done, _ = await asyncio.wait({self.end}, timeout=at_most)
        return bool(done)


async def start(argv: Sequence[str], *, environment: Mapping[str, str], directory: Path | None, log: Path) -> Running:
    """Starts a program with its output appended to `log` and no input."""
    command = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), *argv]
    with log.open("ab") as output:
        log_start = output.tell()
        child = await asyncio.create_subprocess_exec(
            *command,
            env=dict(environment),
            cwd=directory,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    return Running(child, asyncio.create_task(child.wait()), log, log_start)


def how_it_ended(status: int | None) -> str:
    """An exit status in words."""
    if status is None:
        return "is running"
    if status >= 0:
        return f"exited with code {status}"
    with contextlib.suppress(ValueError):
        return f"was ended by {signal.Signals(-status).name}"
    return f"was ended by signal {-status}"


def kill_session(session: int) -> None:
    """SIGKILL to what is left of a session that we started."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                process.kill()
