"""The one place where the state of a running stack changes; whoever shows or stores it listens."""

import time
from collections.abc import Callable

from gateway.runner.state import ComponentState, Phase, ProcessId, StackState, Stage

Listener = Callable[[StackState], None]


class Board:
    """Holds the state and tells every listener about each change of it."""

    def __init__(self, state: StackState, listeners: list[Listener]) -> None:
        self.state = state
        self._listeners = listeners

    def component(self, name: str) -> ComponentState:
        """The row of a component."""
        return next(row for row in self.state.components if row.name == name)

    def stage(self, name: str, stage: Stage, detail: str = "") -> None:
        """A component is in another stage, or has something new to say in the same one."""
        row = self.component(name)
        if row.stage is not stage:
            row.since = time.time()
        row.stage, row.detail = stage, detail
        self._tell()

    def started(self, name: str, pid: int) -> None:
        """A component's process runs."""
        self.component(name).process = ProcessId.of(pid)
        self._tell()

    def died(self, name: str) -> None:
        """A component's process is gone and another one will be started."""
        row = self.component(name)
        row.process, row.restarts = None, row.restarts + 1

    def say(self, message: str) -> None:
        """Something about the stack as a whole."""
        self.state.message = message
        self._tell()

    def phase(self, phase: Phase, message: str = "") -> None:
        """The stack as a whole is in another phase."""
        self.state.phase, self.state.message = phase, message
        self._tell()

    def failed(self, sentence: str, tail: list[str], exit_code: int) -> None:
        """The start ended: what a command in another process shows."""
        self.state.failure, self.state.failure_tail, self.state.exit_code = sentence, tail, exit_code
        self.phase(Phase.FAILED)

    def reloaded(self, failure: str = "") -> None:
        """Changed files were taken up; or they were not, and `failure` says why."""
        self.state.reloads, self.state.reload_failure = self.state.reloads + 1, failure
        self.say(failure or "all is ready, with the changed files")

    def _tell(self) -> None:
        for listener in self._listeners:
            listener(self.state)
