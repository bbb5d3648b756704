"""One stack from the lock to the last process: what `up` does in this process, and what it does in a background one."""

import asyncio
import signal
from pathlib import Path

from gateway.runner.board import Board, Listener
from gateway.runner.component import Stack
from gateway.runner.errors import AlreadyRunning, GatewayError, Interrupted, StartFailed
from gateway.runner.filelock import Locked, hold
from gateway.runner.ports import check_ports, wanted_ports
from gateway.runner.private_files import private_directory, private_files
from gateway.runner.reloading import RELOAD_SIGNAL
from gateway.runner.state import ComponentState, Phase, StackState, read_state, this_process, write_state
from gateway.runner.stopping import stop_leftovers
from gateway.runner.supervisor import StopRequest, Supervisor
from gateway.settings import Settings


def run_stack(settings: Settings, stack: Stack, show: Listener) -> None:
    """Runs the stack until it is told to stop, or fails to start; nothing of it is left running afterwards.

    Raises:
        GatewayError: see there for the kinds.
    """
    logs = private_directory(settings.state_dir) / "logs"
    try:
        with private_files(), hold(lock_path(settings.state_dir)):
            logs.mkdir(exist_ok=True)
            stop_leftovers(settings.state_dir)
            check_ports(wanted_ports(settings))
            listeners = [lambda state: write_state(settings.state_dir, state), show]
            _run(settings, stack, Board(_first_state(settings, stack), listeners), logs)
    except Locked as error:
        raise already_running(settings.state_dir) from error


def already_running(state_dir: Path) -> AlreadyRunning:
    """The sentence for a second start."""
    state = read_state(state_dir)
    who = f" (process {state.supervisor.pid})" if state else ""
    return AlreadyRunning(f"the gateway runs already{who}: stop it with `make down`, or look at it with `make status`")


def lock_path(state_dir: Path) -> Path:
    """Held by whoever runs the stack of this state directory."""
    return state_dir / "lock"


def _first_state(settings: Settings, stack: Stack) -> StackState:
    return StackState(
        supervisor=this_process(),
        public_url=settings.origin,
        ports=settings.named_ports(),
        ca_file=str(settings.certs_dir / "ca.crt"),
        urls=dict(stack.urls),
        components=[ComponentState(name=component.name) for component in stack.components],
    )


def _run(settings: Settings, stack: Stack, board: Board, logs: Path) -> None:
    try:
        board.say(f"certificates in {settings.certs_dir}, configuration and logs in {settings.state_dir}")
        _prepare(stack)
        asyncio.run(_supervise(Supervisor(stack, board, logs=logs)))
    except KeyboardInterrupt as error:  # before the event loop took the signals over: nothing was started yet
        board.phase(Phase.STOPPED, "stopped")
        raise Interrupted("stopped before all was ready") from error
    except GatewayError as error:
        board.failed(error.sentence, error.tail, error.exit_code)
        raise
    board.phase(Phase.STOPPED, "stopped")


def _prepare(stack: Stack) -> None:
    try:
        stack.prepare()
    except OSError as error:
        raise StartFailed(f"{error.filename} cannot be used ({error.strerror})") from error


async def _supervise(supervisor: Supervisor) -> None:
    stop = StopRequest()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.signal)
    # Not SIGHUP, which a terminal that is closed sends, and which therefore ends a stack
    loop.add_signal_handler(RELOAD_SIGNAL, supervisor.ask_reload)
    await supervisor.run(stop)
