"""The commands `up`, `down` and `status`, and the hidden one that runs a stack in the background."""

import json
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console

from gateway.runner.board import Listener
from gateway.runner.errors import GatewayError, NotRunning
from gateway.runner.progress import LineProgress, duration, progress_for, table
from gateway.runner.published import open_to_network, refuse_published
from gateway.runner.state import Phase, StackState, read_state, running_state
from gateway.runner.stopping import stop
from gateway.settings import Settings, load_settings

EXIT_CODES = (
    "Exit codes: 0 stopped as asked (or, detached, all ready); 1 a component failed to start; 2 bad setting; "
    "3 not running; 4 runs already; 5 a port is not free; 6 Keycloak could not be installed; 130 interrupted."
)

PortOption = Annotated[int | None, typer.Option(min=1, max=65535, show_default=False)]


def up(
    *,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when all is ready; go on running.")] = False,
    public_url: Annotated[str | None, typer.Option(help="Scheme, host and port as clients see them.")] = None,
    bind: Annotated[str | None, typer.Option(help="Address that Envoy listens on; 0.0.0.0 for all.")] = None,
    https_port: PortOption = None,
    http_port: PortOption = None,
    dashboard_port: PortOption = None,
    keycloak_port: PortOption = None,
    keycloak_management_port: PortOption = None,
    authz_port: PortOption = None,
    authz_http_port: PortOption = None,
    weather_port: PortOption = None,
    calculator_port: PortOption = None,
    envoy_admin_port: PortOption = None,
) -> None:
    """Start the whole gateway on this machine. Everything can also be set in the environment (HTTPS_PORT, …)."""
    ports = {name: value for name, value in locals().items() if name.endswith("_port")}
    with _explained():
        settings = load_settings(public_url=public_url, bind_address=bind, **ports)
        refuse_published(settings)
        if warning := open_to_network(settings):
            typer.echo(warning, err=True)
        console = Console()
        announced = _Announcer(console, settings, detached=detach)
        with progress_for(console) as progress:

            def show(state: StackState) -> None:
                progress(state)
                announced(state)

            _start(settings, show, detach=detach)


def down() -> None:
    """Stop the gateway that runs in the background (or in another terminal)."""
    with _explained():
        stopped = stop(load_settings().state_dir)
    typer.echo("stopped" if stopped else "nothing was running")


def status(*, as_json: Annotated[bool, typer.Option("--json", help="Print the state as JSON.")] = False) -> None:
    """Show each component. Ends with 0 only if all is ready, 1 if not, 3 if nothing runs."""
    with _explained():
        state_dir = load_settings().state_dir
        state = running_state(state_dir)
        if state is None:
            raise NotRunning(_not_running(read_state(state_dir)))
    if as_json:
        typer.echo(json.dumps(_as_json(state), indent=2))
    else:
        _show_status(Console(), state)
    raise typer.Exit(0 if state.all_ready else 1)


def supervise() -> None:
    """Run a stack for `up --detach`, with everything read from the environment."""
    with _explained():
        settings = load_settings()
        refuse_published(settings)
        _start(settings, LineProgress(Console(force_terminal=False)), detach=False)


def _start(settings: Settings, show: Listener, *, detach: bool) -> None:
    # Imported here: what a start needs takes a while to load, and `status` and `down` should answer at once
    if detach:
        from gateway.runner.background_stack import start_in_background  # noqa: PLC0415

        start_in_background(settings, show)
    else:
        from gateway.runner.foreground import run_stack  # noqa: PLC0415
        from gateway.runner.stack import native_stack  # noqa: PLC0415

        run_stack(settings, native_stack(settings), show)


class _Announcer:
    """Says once, when all is ready, where to go from here."""

    def __init__(self, console: Console, settings: Settings, *, detached: bool) -> None:
        self._console, self._settings, self._detached = console, settings, detached
        self._done = False

    def __call__(self, state: StackState) -> None:
        if state.phase is Phase.READY and not self._done:
            self._done = True
            self._console.print(_welcome(self._settings, state), highlight=False, markup=False, soft_wrap=True)
            self._console.print("Stop it with: make down" if self._detached else "Ctrl-C stops everything.")


def _welcome(settings: Settings, state: StackState) -> str:
    call = (
        '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":'
        '{"name":"get_weather_forecast","arguments":{"location":"Berlin"}}}'
    )
    return (
        f"\nAll is ready.\n{_places(state)}\n\nTry it, in another terminal:\n"
        f"  TOKEN=$(make -s -C {shlex.quote(str(settings.home))} token)\n"
        f'  curl --cacert {shlex.quote(state.ca_file)} -H "Authorization: Bearer $TOKEN" '
        f"-H 'Content-Type: application/json' {settings.origin}/mcp/weather -d '{call}'\n"
    )


def _places(state: StackState) -> str:
    width = max((len(name) for name in state.urls), default=0)
    return "\n".join(f"  {name:{width}}  {url}" for name, url in state.urls.items())


def _show_status(console: Console, state: StackState) -> None:
    console.print(table(state, with_processes=True))
    running_for = duration(time.time() - state.supervisor.created)
    console.print(f"\n{state.phase}, process {state.supervisor.pid}, for {running_for}", highlight=False)
    console.print(_places(state), highlight=False, markup=False, soft_wrap=True)


def _as_json(state: StackState) -> dict[str, Any]:
    shown = state.model_dump(mode="json") | {"all_ready": state.all_ready}
    for row in shown["components"]:
        row["pid"] = row["process"] and row["process"]["pid"]
    return shown


def _not_running(last: StackState | None) -> str:
    why = f"; the last start failed: {last.failure}" if last and last.failure else ""
    return f"the gateway is not running{why}"


@contextmanager
def _explained() -> Iterator[None]:
    """Ends the command with one sentence, the end of the log that explains it, and the code that belongs to it."""
    try:
        yield
    except GatewayError as error:
        for line in error.tail:
            sys.stderr.write(f"  | {line}\n")
        sys.stderr.write(f"mcp-gateway: {error.sentence}\n")
        raise typer.Exit(error.exit_code) from error
