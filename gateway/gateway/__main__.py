"""The command `mcp-gateway` (also `python -m gateway`): runs, inspects and calls the gateway."""

import typer

from gateway.certificates.command import certs
from gateway.client.commands import call, token
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
    app.command(hidden=True)(supervise)
    return app


def main() -> None:
    """The entry point of the console script."""
    build()()


if __name__ == "__main__":
    main()
