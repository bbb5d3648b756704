"""The commands `token` and `call`."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated

import typer

from gateway.client.calling import Answer, ask
from gateway.client.describing import describe_resources, describe_tools
from gateway.client.errors import BadRequest, ClientError, Refused, SignInFailed
from gateway.client.given import is_variable
from gateway.client.resources import Resource, all_scopes, read_resources
from gateway.client.sign_in import (
    ALWAYS,
    OUR_CLIENT,
    OUR_MACHINE,
    get_machine_tokens,
    get_tokens,
    http_client,
    which_machine,
    who_signs_in,
)
from gateway.client.stepping_up import with_step_up
from gateway.client.terminal import as_json as json_text
from gateway.client.terminal import lines, plain
from gateway.client.tools import CallResult
from gateway.runner.current import load_current_settings
from gateway.runner.errors import GatewayError
from gateway.settings import Settings

User = Annotated[str | None, typer.Option("--user", "-u", envvar="MCP_USER", help="User name.")]
Password = Annotated[
    str | None, typer.Option(envvar="MCP_PASSWORD", show_envvar=True, help="Password; better set in the environment.")
]
Scopes = Annotated[
    list[str] | None,
    typer.Option(
        "--scope", "-s", help="A scope to ask for; repeat it for more. Default: openid, email and every mcp: scope."
    ),
]
ExactScopes = Annotated[
    list[str] | None,
    typer.Option(
        "--scope",
        "-s",
        help="A scope to sign in for; repeat it for more. These and no others, so what needs more is refused.",
    ),
]
Browser = Annotated[bool, typer.Option("--browser", help="Sign in with the browser, not with a password given here.")]
ClientId = Annotated[
    str | None,
    typer.Option(help=f"The OAuth client to sign in with. Default: {OUR_CLIENT}, for a program {OUR_MACHINE}."),
]
Machine = Annotated[
    bool,
    typer.Option("--client-credentials", help="Sign in as a program, with the secret in MCP_CLIENT_SECRET, no user."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the whole answer as JSON.")]
Bearer = Annotated[
    str | None, typer.Option("--token", envvar="MCP_TOKEN", help="An access token; without one, sign in first.")
]


def token(
    *,
    user: User = None,
    password: Password = None,
    scope: Scopes = None,
    browser: Browser = False,
    client_credentials: Machine = False,
    client_id: ClientId = None,
    as_json: AsJson = False,
) -> None:
    """Get an access token (authorization code with PKCE) and print it; nothing else goes to stdout.

    With a user and a password, Keycloak's login form is filled in here; otherwise the browser opens. On the local
    development gateway the user is testuser. Without --scope the token opens every MCP server; ask for one server's
    scopes only (--scope mcp:weather) for a token that no other server accepts.

    With --client-credentials nobody signs in: the token is the program's own (docs/machine-client.md).
    """
    with _one_sentence():
        settings = load_current_settings()
        if browser and client_credentials:
            raise BadRequest("--client-credentials signs in a program, which has no --browser: leave one out")
        with _naming_scopes(settings), http_client(settings.certs_dir / "ca.crt") as http:
            if client_credentials:
                published = settings.mcp_machine_secret.get_secret_value()
                secret = os.environ.get("MCP_CLIENT_SECRET")  # no option: other users see a program's arguments
                machine = which_machine(client_id, secret, settings.origin, published)
                tokens = get_machine_tokens(http, settings.origin, machine, scope or _resource_scopes(settings))
            else:
                person = who_signs_in(user, password, settings.origin, browser=browser)
                scopes = scope or [*ALWAYS, *_resource_scopes(settings)]
                name = client_id or OUR_CLIENT
                tokens = get_tokens(http, settings.origin, person, scopes, client_id=name, tell=_tell)
        print(json.dumps(tokens.raw, indent=2) if as_json else tokens.access_token)


def call(
    context: typer.Context,
    resource: Annotated[str | None, typer.Argument(help="An MCP server; left out: list them.")] = None,
    tool: Annotated[str | None, typer.Argument(help="A tool of it; left out: list them.")] = None,
    arguments: Annotated[list[str] | None, typer.Argument(help="Its arguments: name=value …")] = None,
    *,
    bearer: Bearer = None,
    user: User = None,
    password: Password = None,
    scope: ExactScopes = None,
    browser: Browser = False,
    as_json: AsJson = False,
) -> None:
    """Call a tool: `mcp-gateway call calculator add a=1 b=2`. With less, list what there is.

    Without a token it signs in for what the server needs, and once more where a tool needs further scopes. An error
    that the tool reports goes to stderr; with --json the whole result goes to stdout either way.

    Ends with 0, or 1 the tool reports an error, 2 no such server, tool or argument, 3 no sign-in, 4 refused by the
    gateway, 5 try later.
    """
    with _one_sentence():
        settings = load_current_settings()
        resources = read_resources(settings.policy_file)
        if resource is None:
            print(describe_resources(resources.values(), settings.origin, as_json=as_json))
            return
        found = _named(resource, resources)
        ca_file = settings.certs_dir / "ca.crt"

        def use(token: str) -> Answer:
            return ask(settings.origin + found.path, ca_file, token, tool, arguments or [])

        def sign_in(scopes: Sequence[str]) -> str:
            with _naming_scopes(settings), http_client(ca_file) as http:
                return get_tokens(http, settings.origin, person, scopes, tell=_tell).access_token

        if bearer and scope:
            raise BadRequest("--scope is for signing in, and there is a token already (--token or MCP_TOKEN)")
        if bearer:
            with _naming_variable(context):
                answer = use(bearer)
        else:
            person = who_signs_in(user, password, settings.origin, browser=browser)
            further = () if scope else found.scopes
            answer = with_step_up(use, sign_in, scope or [*ALWAYS, *found.needs], allowed=further, tell=_tell)
        _show(answer, as_json=as_json)


def _resource_scopes(settings: Settings) -> list[str]:
    return all_scopes(read_resources(settings.policy_file))


def _named(name: str, resources: dict[str, Resource]) -> Resource:
    if name not in resources:
        raise BadRequest(f"There is no MCP server {name!r}; there are {', '.join(resources)}")
    return resources[name]


def _show(answer: Answer, *, as_json: bool) -> None:
    if not isinstance(answer, CallResult):
        print(describe_tools(answer, as_json=as_json))
        return
    text = json_text(answer.raw) if as_json else lines(answer.text)
    print(text, file=sys.stderr if answer.is_error and not as_json else sys.stdout)
    if answer.is_error:
        raise typer.Exit(1)


def _tell(sentence: str) -> None:
    print(plain(sentence), file=sys.stderr)


@contextmanager
def _naming_scopes(settings: Settings) -> Iterator[None]:
    """A realm that does not know a scope says only that; which there are stands in the policy."""
    try:
        yield
    except SignInFailed as failed:
        if failed.code != "invalid_scope":
            raise
        raise SignInFailed(f"{failed}; there are {', '.join(_resource_scopes(settings))}", failed.code) from failed


@contextmanager
def _naming_variable(context: typer.Context) -> Iterator[None]:
    """A new token changes nothing while an old one in the environment is used."""
    try:
        yield
    except Refused as refused:
        if refused.status != HTTPStatus.UNAUTHORIZED or not is_variable(context, "bearer"):
            raise
        sentence = f"{str(refused).rstrip('.')}, and unset or replace MCP_TOKEN."
        raise Refused(sentence, refused.status, refused.needs) from refused


@contextmanager
def _one_sentence() -> Iterator[None]:
    """What goes wrong is one sentence on stderr and an exit code, never a traceback."""
    try:
        yield
    except (ClientError, GatewayError) as error:
        _tell(f"mcp-gateway: {error}")
        raise typer.Exit(error.exit_code) from None
