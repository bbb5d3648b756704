"""Telling a running stack, from another process, that its files were changed."""

import signal
import time
from pathlib import Path

from gateway.runner.errors import NotRunning, StartFailed
from gateway.runner.state import Phase, StackState, running_state

RELOAD_SIGNAL = signal.SIGUSR1
RELOAD_DEADLINE = 90.0
LOOK_EVERY = 0.1


def reload(state_dir: Path) -> StackState:
    """Has the stack take its changed files up, and returns when it has. Blocking.

    Raises:
        NotRunning: none runs (or it is not ready, and reads the files anyway).
        StartFailed: it refused them, and goes on as it was; or it did not say in time.
    """
    before = running_state(state_dir)
    supervisor = before.supervisor.find() if before else None
    if before is None or supervisor is None or before.phase is not Phase.READY:
        raise NotRunning("the gateway is not running")
    supervisor.send_signal(RELOAD_SIGNAL)
    deadline = time.monotonic() + RELOAD_DEADLINE
    while time.monotonic() < deadline:
        state = running_state(state_dir)
        if state is None:
            raise NotRunning("the gateway ended while it took the changed files up")
        if state.reloads > before.reloads:
            if state.reload_failure:
                raise StartFailed(state.reload_failure)
            return state
        time.sleep(LOOK_EVERY)
    raise StartFailed(f"the gateway did not take the changed files up within {RELOAD_DEADLINE:.0f} s")
