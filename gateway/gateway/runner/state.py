"""What is known about a stack, and the file that says it to other processes (`STATE_DIR/state.json`)."""

import os
import time
from enum import StrEnum
from pathlib import Path

import psutil
from pydantic import BaseModel, Field, ValidationError

# Process start times are kept by the kernel in clock ticks, 10 ms each on Linux
CREATE_TIME_SLACK = 0.05


class Stage(StrEnum):
    """Where a component is in its life."""

    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    UNHEALTHY = "unhealthy"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


class Phase(StrEnum):
    """Where the whole stack is."""

    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


class ProcessId(BaseModel):
    """A process, told apart from a later one with the same number by when it was created (seconds since 1970)."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> "ProcessId | None":
        """The running process with this number, or None."""
        try:
            return cls(pid=pid, created=psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return None

    def find(self) -> psutil.Process | None:
        """The process, if it still runs and is the same one."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) <= CREATE_TIME_SLACK
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


class ComponentState(BaseModel):
    """One row of `mcp-gateway status`. Times are seconds since 1970."""

    name: str
    stage: Stage = Stage.WAITING
    detail: str = ""
    process: ProcessId | None = None
    restarts: int = 0
    since: float = Field(default_factory=time.time)


class StackState(BaseModel):
    """A stack as `state.json` holds it."""

    supervisor: ProcessId
    phase: Phase = Phase.STARTING
    message: str = ""
    public_url: str = ""
    ports: dict[str, int] = {}
    ca_file: str = ""
    urls: dict[str, str] = {}
    components: list[ComponentState] = []
    failure: str = ""
    failure_tail: list[str] = []
    exit_code: int = 0
    reloads: int = 0
    reload_failure: str = ""

    @property
    def all_ready(self) -> bool:
        """Whether every component is ready now, and the start was finished."""
        return self.phase is Phase.READY and all(c.stage is Stage.READY for c in self.components)


def state_file(state_dir: Path) -> Path:
    """Where the state of the stack in `state_dir` is kept."""
    return state_dir / "state.json"


def write_state(state_dir: Path, state: StackState) -> None:
    """Replaces the file in one step, so that a reader never sees half of it."""
    target = state_file(state_dir)
    fresh = target.with_suffix(".json.new")
    fresh.write_text(state.model_dump_json(indent=2), encoding="utf-8")
    fresh.replace(target)


def read_state(state_dir: Path) -> StackState | None:
    """The last state written, or None where there is none (or it is of another version)."""
    try:
        return StackState.model_validate_json(state_file(state_dir).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def running_state(state_dir: Path) -> StackState | None:
    """The state of a stack whose supervisor still runs, else None: a file left by a killed one says nothing."""
    state = read_state(state_dir)
    return state if state and state.supervisor.find() else None


def this_process() -> ProcessId:
    """The identity of the calling process."""
    return ProcessId(pid=os.getpid(), created=psutil.Process().create_time())
