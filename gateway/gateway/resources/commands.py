"""The commands `add`, `remove`, `apply` and `policy coverage`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from gateway.client.errors import ClientError
from gateway.resources.errors import Unasked
from gateway.runner.errors import GatewayError
from gateway.settings import Settings

if TYPE_CHECKING:
    from gateway.resources.files import Files, Texts

COLOURS = {"+": "green", "-": "red", "@": "cyan"}

Name = Annotated[str, typer.Argument(help="Its name at the gateway: clients reach it at /mcp/NAME.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be changed, check it, and change nothing.")]


def add(
    name: Name,
    url: Annotated[str, typer.Argument(help="Where Envoy reaches it, such as http://127.0.0.1:9000/mcp.")],
    *,
    scope: Annotated[str | None, typer.Option(help="The scope that opens it. Default: mcp:NAME.")] = None,
    path: Annotated[str | None, typer.Option(help="Its path. Default: the URL's, else /mcp.")] = None,
    host: Annotated[str | None, typer.Option(help="The Host header that it accepts. Default: the URL's.")] = None,
    mtls: Annotated[
        bool, typer.Option("--mtls", help="Show Envoy's certificate; the server's must be of our CA too.")
    ] = False,
    our_ca: Annotated[bool, typer.Option("--our-ca", help="The server's certificate is of our CA (certs/ca.crt).")] = (
        False
    ),
    tool: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME[=SCOPE]", help="A tool, and a scope that it needs too. Default: ask the server."),
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Put an MCP server behind the gateway: a route, a rule for each of its tools, a scope that opens it.

    Edits ext-authz/policy.yaml, envoy/envoy.yaml and keycloak/realm-export.json, all or none, after each was checked
    by whoever reads it; a gateway that runs here takes them up at once. Without --tool the server is asked.
    """
    # Imported here and below: what an edit needs takes a second to load, and `token` should answer at once
    from gateway.resources.asking import ask_tools  # noqa: PLC0415
    from gateway.resources.editing import with_server  # noqa: PLC0415
    from gateway.resources.server import Server, read_name, read_scope, read_tools, read_upstream  # noqa: PLC0415

    with _one_sentence():
        read_name(name)
        scope = read_scope(scope or f"mcp:{name}")
        upstream = read_upstream(url, path=path, host=host, mtls=mtls, our_ca=our_ca)
        tools = read_tools(tool or [])
        settings, files, before = _files()
        with_server(before, Server(name, upstream, scope, tools))  # says what is taken, before the server is asked
        server = Server(name, upstream, scope, tools or ask_tools(upstream, settings.certs_dir, [scope]))
        after = with_server(before, server)
        if not _write(settings, files, before, after, yes=yes, dry_run=dry_run):
            return
        scopes = " ".join(f"--scope {one}" for one in server.scopes)
        if _apply(settings, appears=server.path):
            print(f"{settings.origin}{server.path} is there. Try it:")
            print(f"  .venv/bin/mcp-gateway call {name}\n  .venv/bin/mcp-gateway token {scopes}")


def remove(
    name: Annotated[str, typer.Argument(help="Its name.")], *, yes: Yes = False, dry_run: DryRun = False
) -> None:
    """Take a server away again: its route, its rules, and the scopes that nothing else needs."""
    from gateway.resources.editing import without  # noqa: PLC0415

    with _one_sentence():
        settings, files, before = _files()
        after, gone = without(before, name)
        if _write(settings, files, before, after, yes=yes, dry_run=dry_run) and _apply(settings, disappears=gone.path):
            print(f"{settings.origin}{gone.path} is gone.")


def apply_files() -> None:
    """Check the three files after an edit by hand, and have the gateway that runs here take them up."""
    from gateway.resources.checking import check  # noqa: PLC0415

    with _one_sentence():
        settings, _, texts = _files()
        check(settings, texts)
        if _apply(settings):
            print(f"{settings.origin} has taken the files up.")


def coverage(
    *,
    direct: Annotated[bool, typer.Option("--direct", help="Ask the servers themselves, not through the gateway.")] = (
        False
    ),
) -> None:
    """Ask every server for its tools. Ends with 1 if a tool has no rule in the policy, or a rule no tool."""
    from gateway.resources.coverage import compare, offered_direct, offered_through_gateway  # noqa: PLC0415
    from gateway.resources.files import Files  # noqa: PLC0415
    from gateway.runner.current import load_current_settings  # noqa: PLC0415

    with _one_sentence():
        settings = load_current_settings()
        texts = Files.of(settings).read()
        offered = offered_direct(settings, texts) if direct else offered_through_gateway(settings, texts)
        gaps = compare(texts, offered)
        for gap in gaps:
            print(gap, file=sys.stderr)
        if gaps:
            raise typer.Exit(1)
        print(f"Every tool has its rule: {sum(map(len, offered.values()))} tools of {len(offered)} servers.")


def policy() -> typer.Typer:
    """The group `policy`."""
    group = typer.Typer(no_args_is_help=True, help="Look at the policy.")
    group.callback()(lambda: None)  # a group with one command would otherwise be that command
    group.command("coverage")(coverage)
    return group


def _files() -> "tuple[Settings, Files, Texts]":
    from gateway.resources.files import Files  # noqa: PLC0415
    from gateway.runner.current import load_current_settings  # noqa: PLC0415

    settings = load_current_settings()
    files = Files.of(settings)
    return settings, files, files.read()


def _write(settings: Settings, files: "Files", before: "Texts", after: "Texts", *, yes: bool, dry_run: bool) -> bool:
    """Show, check, ask, write. Whether it was written."""
    from gateway.resources.checking import check  # noqa: PLC0415
    from gateway.resources.files import diff, write  # noqa: PLC0415

    console = Console(highlight=False, soft_wrap=True)
    for line in diff(files, before, after, home=settings.home):
        console.print(Text(line, style=COLOURS.get(line[:1], "") if line[:3] not in ("+++", "---") else "bold"))
    check(settings, after)
    if dry_run:
        print("Nothing was changed: the files would be accepted.")
        return False
    if not yes and not _agreed():
        print("Nothing was changed.")
        return False
    write(files, before, after)
    return True


def _agreed() -> bool:
    """Ask the person at the terminal. Without one nobody has seen the difference, so nobody agreed to it."""
    if not sys.stdin.isatty():
        raise Unasked("nothing was changed, for there is no terminal to ask at: pass --yes (or --dry-run)")
    return typer.confirm("Write this?")


def _apply(settings: Settings, *, appears: str | None = None, disappears: str | None = None) -> bool:
    from gateway.resources.applying import COMPOSE, apply  # noqa: PLC0415

    if apply(settings, appears=appears, disappears=disappears):
        return True
    print(f"No gateway runs here; the next `make up` takes it up. With Docker Compose: {COMPOSE}")
    return False


@contextmanager
def _one_sentence() -> Iterator[None]:
    """What goes wrong is one sentence on stderr and an exit code, never a traceback."""
    try:
        yield
    except (ClientError, GatewayError) as error:
        print(f"mcp-gateway: {error}", file=sys.stderr)
        raise typer.Exit(error.exit_code) from None
