"""The command `mcp-gateway` (also `python -m gateway`): runs, inspects and calls the gateway."""

import typer

from gateway.certificates.command import certs
from gateway.client.commands import call, token
from gateway.doctor.command import EXIT_CODES as DOCTOR_EXIT_CODES
from gateway.doctor.command import doctor
from gateway.resources.commands import add, apply_files, policy, remove
from gateway.runner.commands import EXIT_CODES, down, status, supervise, up


def build() -> typer.Typer:
    """The commands by name."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
    app.command(epilog=EXIT_CODES)(up)
    app.command()(down)
    app.command()(status)
    app.command()(certs)
    app.command()(token)
    app.command()(call)
    app.command(epilog=DOCTOR_EXIT_CODES)(doctor)
    app.command()(add)
    app.command()(remove)
    app.command("apply")(apply_files)
    app.add_typer(policy(), name="policy")
    app.command(hidden=True)(supervise)
    return app


def main() -> None:
    """The entry point of the console script."""
    build()()


if __name__ == "__main__":
    main()
