"""The command `doctor`."""

import asyncio
import os
import ssl
import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console

from gateway.client.errors import ClientError
from gateway.client.given import is_typed
from gateway.client.sign_in import ALWAYS, REALM, Person, get_tokens, http_client, trusting, who_signs_in
from gateway.client.terminal import plain
from gateway.doctor.attacks import shown
from gateway.doctor.attacks.run import Fought, attack
from gateway.doctor.attacks.shown import Table
from gateway.doctor.case import INSPECTOR, Options, SignIn
from gateway.doctor.examine import open_case, walk
from gateway.doctor.findings import Outcome
from gateway.doctor.present import Printer, has_failure, summary
from gateway.doctor.present import as_json as json_text
from gateway.doctor.target import BadUrl, Target, is_safe, parse_target
from gateway.runner.current import load_current_settings
from gateway.runner.errors import GatewayError
from gateway.settings import Settings

BAD_USAGE = 2
SECRET_VARIABLE = "MCP_INTROSPECT_SECRET"  # noqa: S105 - the name of a variable
EXIT_CODES = "Ends with 0 if nothing failed (warnings are no failure), 1 if a step failed, 2 on bad usage."

Ca = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, help="A CA (PEM) to trust besides the system's. Default: this gateway's."
    ),
]
Bearer = Annotated[
    str | None, typer.Option("--token", envvar="MCP_TOKEN", help="An access token; better set MCP_TOKEN.")
]
Port = Annotated[int | None, typer.Option(min=1, max=65535, help="The plain HTTP port. Default: 80 with 443, or ours.")]
User = Annotated[str | None, typer.Option("--user", "-u", envvar="MCP_USER", help="For --sign-in.")]
Password = Annotated[str | None, typer.Option(envvar="MCP_PASSWORD", help="For --sign-in; better set MCP_PASSWORD.")]
IntrospectClient = Annotated[
    str | None, typer.Option(help=f"A client that may introspect; its secret is read from {SECRET_VARIABLE}.")
]
ATTACKS = "Try some 120 attacks that harm nobody, instead of the walk. Only at servers that are yours to test."
Seconds = Annotated[float, typer.Option(min=1, help="For everything together.")]


def doctor(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="The MCP server's URL, exactly as a client is given it.")],
    *,
    bearer: Bearer = None,
    sign_in: Annotated[bool, typer.Option("--sign-in", help="Get a token at this gateway's realm first.")] = False,
    user: User = None,
    password: Password = None,
    register: Annotated[bool, typer.Option("--register", help="Register a client, which stays behind.")] = False,
    introspect_client: IntrospectClient = None,
    introspect_url: Annotated[str | None, typer.Option(help="Default: what the issuer's metadata says.")] = None,
    ca: Ca = None,
    http_port: Port = None,
    origin: Annotated[str, typer.Option(help="Of the browser client. Default: MCP Inspector's.")] = INSPECTOR,
    timeout: Seconds = 120.0,
    attacks: Annotated[bool, typer.Option("--attacks", help=ATTACKS)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Walk a client's path to any MCP server, step by step, and say what is wrong and what mends it."""
    try:
        target, settings = parse_target(url), load_current_settings()
        typed = {name for name in context.params if is_typed(context, name)}
        check_together(typed, sign_in=sign_in, introspects=bool(introspect_client))
        options = Options(
            trust=trust(ca or settings.certs_dir / "ca.crt"),
            origin=browser_origin(origin),
            http_port=http_port or plain_port_of_ours(target, settings),
            register=register,
            token=header_value("--token" if "bearer" in typed else "MCP_TOKEN", bearer.strip()) if bearer else None,
            sign_in=_sign_in(settings, user, password) if sign_in else None,
            introspect_client=introspect_client,
            introspect_secret=os.environ.get(SECRET_VARIABLE),
            introspect_url=introspection_url(introspect_url),
            total_seconds=timeout,
        )
    except (BadUrl, GatewayError, ClientError, OSError) as error:  # a CA that cannot be read is an OSError
        print(f"mcp-gateway: {plain(error)}", file=sys.stderr)
        raise typer.Exit(BAD_USAGE) from None
    report = _report_attacks if attacks else _report
    raise typer.Exit(1 if asyncio.run(report(target, options, as_json=as_json)) else 0)


def trust(ca_file: Path) -> ssl.SSLContext:
    """The system's CAs and this one, if it is there."""
    try:
        return trusting(ca_file)
    except ssl.SSLError as error:
        raise BadUrl(f"--ca: {ca_file} holds no PEM certificate") from error


def check_together(typed: set[str], *, sign_in: bool, introspects: bool) -> None:
    """Options that would do nothing alone. Variables may well be set for other commands. Raises BadUrl."""
    for name in ("user", "password"):
        if name in typed and not sign_in:
            raise BadUrl(f"--{name} is for --sign-in: add it, or leave --{name} out")
    if introspects and not os.environ.get(SECRET_VARIABLE):
        raise BadUrl(f"--introspect-client needs the client's secret in {SECRET_VARIABLE}")


def introspection_url(typed: str | None) -> str | None:
    """Where a secret may be sent. Raises BadUrl."""
    if typed is not None and not is_safe(typed):
        raise BadUrl("--introspect-url is an https URL (http on this machine only), such as https://issuer/introspect")
    return typed


def browser_origin(typed: str) -> str:
    """An origin as browsers send it (RFC 6454 §6.2). Raises BadUrl."""
    parts = urlsplit(header_value("--origin", typed))
    if typed != "null" and (not parts.scheme or not parts.netloc or typed != f"{parts.scheme}://{parts.netloc}"):
        raise BadUrl(f"--origin is scheme, host and port of a web page without a final slash, such as {INSPECTOR}")
    return typed


def header_value(option: str, value: str) -> str:
    """What can stand in a header (RFC 9110 §5.5). The value is not shown: it may be a secret."""
    if not value.isascii() or not value.isprintable() or " " in value:
        raise BadUrl(f"{option} has characters that cannot stand in a header")
    return value


def plain_port_of_ours(target: Target, settings: Settings) -> int | None:
    """Where the URL is this gateway's own, its HTTP port is known."""
    is_local = target.is_local and target.port == settings.https_port
    return settings.http_port if is_local and target.origin == settings.origin else None


def _sign_in(settings: Settings, user: str | None, password: str | None) -> SignIn:
    person: Person = who_signs_in(user, password, settings.origin, browser=False)

    def get_token(scopes: list[str]) -> str:
        with http_client(settings.certs_dir / "ca.crt") as http:
            asked = [*ALWAYS, *scopes]
            return get_tokens(http, settings.origin, person, asked, tell=lambda _: None).access_token

    return SignIn(f"{settings.origin}/realms/{REALM}", get_token, person.password)


async def _report(target: Target, options: Options, *, as_json: bool) -> bool:
    """Each line as it comes: on a slow server one wants to see where it stands. Whether a step failed."""
    printer = Printer(_console())
    outcomes = []
    async for outcome in walk(target, options):
        outcomes.append(outcome)
        if not as_json:
            printer.show(outcome)
    printer.flush()
    print(json_text(target.url, outcomes) if as_json else summary(outcomes))
    return has_failure(outcomes)


async def _report_attacks(target: Target, options: Options, *, as_json: bool) -> bool:
    """The steps that the attacks need, then the table of attacks."""
    console = _console()
    printer, table = Printer(console), Table(console)
    before: list[Outcome] = []
    fought: list[Fought] = []
    async for one in attack(open_case(target, options)):
        if isinstance(one, Outcome):
            before.append(one)
            if not as_json:
                printer.show(one)
            continue
        printer.flush()
        fought.append(one)
        if not as_json:
            table.show(one)
    table.flush()
    print(shown.to_json(target.url, before, fought) if as_json else shown.summary(fought))
    return shown.fails(before, fought)


def _console() -> Console:
    return Console(highlight=False, markup=False, emoji=False)
