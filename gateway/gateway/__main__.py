"""The command `mcp-gateway` (also `python -m gateway`): runs, inspects and calls the gateway."""

import sys
from collections.abc import Callable, Mapping

import typer

from gateway.runner.commands import EXIT_CODES, down, status, supervise, up

# Imported in the functions below: all commands together take most of a second to load, and one is asked for


def build(asked: str = "") -> typer.Typer:
    """The commands by name; those that run the gateway, and the others only where the one asked for is among them.

    Where that is none of them (`--help`, a mistyped name) all are there.
    """
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
    app.command(epilog=EXIT_CODES)(up)
    app.command()(down)
    app.command()(status)
    app.command(hidden=True)(supervise)
    if asked not in RUN_THE_GATEWAY:
        for include in dict.fromkeys([OTHERS[asked]] if asked in OTHERS else OTHERS.values()):
            include(app)
    return app


def _certificates(app: typer.Typer) -> None:
    from gateway.certificates.command import certs  # noqa: PLC0415

    app.command()(certs)


def _client(app: typer.Typer) -> None:
    from gateway.client.commands import call, token  # noqa: PLC0415

    app.command()(token)
    app.command()(call)


def _doctor(app: typer.Typer) -> None:
    from gateway.doctor.command import EXIT_CODES as DOCTOR_EXIT_CODES  # noqa: PLC0415
    from gateway.doctor.command import doctor  # noqa: PLC0415

    app.command(epilog=DOCTOR_EXIT_CODES)(doctor)


def _resources(app: typer.Typer) -> None:
    from gateway.resources.commands import add, apply_files, policy, remove  # noqa: PLC0415

    app.command()(add)
    app.command()(remove)
    app.command("apply")(apply_files)
    app.add_typer(policy(), name="policy")


RUN_THE_GATEWAY = frozenset({"up", "down", "status", "supervise"})
OTHERS: Mapping[str, Callable[[typer.Typer], None]] = {
    "certs": _certificates,
    "token": _client,
    "call": _client,
    "doctor": _doctor,
    "add": _resources,
    "remove": _resources,
    "apply": _resources,
    "policy": _resources,
}


def main() -> None:
    """The entry point of the console script."""
    build(*sys.argv[1:2])()


if __name__ == "__main__":
    main()
