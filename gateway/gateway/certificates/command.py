"""The command `certs`."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gateway.certificates.ensure import ensure_certificates
from gateway.certificates.errors import CertificateError
from gateway.certificates.report import Row, report
from gateway.certificates.rotating import Rotation, rotate_ca
from gateway.runner.current import load_current_settings
from gateway.runner.errors import GatewayError


def certs(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
    renew: Annotated[bool, typer.Option("--renew", help="First issue all but the CA anew.")] = False,
    rotate: Annotated[
        Rotation | None,
        typer.Option(
            "--rotate-ca", help="First do one step towards another CA, in this order; certs/README.md says when."
        ),
    ] = None,
) -> None:
    """Show the certificates: subject, names, expiry, and whether each chains to the CA.

    Ends with 0 if all are usable, 1 if one is missing, broken or expired. What runs takes renewed ones up by itself,
    without a restart.
    """
    try:
        settings = load_current_settings()
        if rotate:
            rotate_ca(settings.certs_dir, rotate, public_host=settings.public_host, tell=_tell)
        if renew:
            ensure_certificates(settings.certs_dir, public_host=settings.public_host, renew=True)
    except (CertificateError, GatewayError) as error:
        print(f"mcp-gateway: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    if not (settings.certs_dir / "ca.crt").exists():
        print(f"mcp-gateway: there are none in {settings.certs_dir} yet: `make up` makes them", file=sys.stderr)
    rows = list(report(settings.certs_dir, settings.public_host, datetime.now(UTC)))
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        _show(rows)
    raise typer.Exit(0 if all(row.is_usable for row in rows) else 1)


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def _show(rows: list[Row]) -> None:
    table = Table("file", "subject", "names", "expires", "days left", "chain")
    for row in rows:
        verdict = "ok" if row.chain_ok and not row.problem else row.problem
        table.add_row(row.file, row.subject, ", ".join(row.names), row.expires[:10], str(row.days_left), verdict)
    # A pipe has no width; without one, rich would cut the names off at 80 columns.
    Console(width=None if sys.stdout.isatty() else 200, highlight=False, markup=False).print(table)
