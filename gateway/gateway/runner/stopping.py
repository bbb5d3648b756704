"""Stopping a stack from another process, and what a killed runner left behind."""

from pathlib import Path

import psutil

from gateway.runner.state import read_state, running_state

GRACE = 5.0
STOP_DEADLINE = 40.0


def stop(state_dir: Path) -> list[str]:
    """Stops the stack of this state directory, and what a killed runner left; returns what was stopped. Blocking."""
    state = running_state(state_dir)
    supervisor = state.supervisor.find() if state else None
    if supervisor is None:
        return stop_leftovers(state_dir)
    supervisor.terminate()
    try:
        supervisor.wait(STOP_DEADLINE)
    except psutil.TimeoutExpired:
        supervisor.kill()
        supervisor.wait(STOP_DEADLINE)
    return ["supervisor", *stop_leftovers(state_dir)]


def stop_leftovers(state_dir: Path) -> list[str]:
    """Stops what is still running of the components that the state file names; returns their names. Blocking.

    On Linux the kernel ends components together with their runner; elsewhere they stay, and are found here.
    Only processes with the recorded number and creation time are touched, so never one that reused a number.
    """
    state = read_state(state_dir)
    if state is None:
        return []
    found = {row.name: process for row in state.components if row.process and (process := row.process.find())}
    for process in found.values():
        process.terminate()
    _, alive = psutil.wait_procs(list(found.values()), timeout=GRACE)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=GRACE)
    return list(found)
