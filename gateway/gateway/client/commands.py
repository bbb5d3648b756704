"""The commands `token` and `call`."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from gateway.client.arguments import parse_arguments
from gateway.client.describing import describe_resources, describe_tools
from gateway.client.errors import ClientError
from gateway.client.mcp_session import CallResult, McpSession, Tool
from gateway.client.resources import Resource, all_scopes, read_resources
from gateway.client.sign_in import OUR_CLIENT, get_tokens, http_client, who_signs_in
from gateway.client.terminal import as_json as json_text
from gateway.client.terminal import lines, plain
from gateway.runner.current import load_current_settings
from gateway.runner.errors import GatewayError
from gateway.settings import Settings

ALWAYS = ("openid", "email")

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
Browser = Annotated[bool, typer.Option("--browser", help="Sign in with the browser, not with a password given here.")]
ClientId = Annotated[str, typer.Option(help="The OAuth client to sign in with.")]
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
    client_id: ClientId = OUR_CLIENT,
    as_json: AsJson = False,
) -> None:
    """Get an access token (authorization code with PKCE) and print it; nothing else goes to stdout.

    With a user and a password, Keycloak's login form is filled in here; otherwise the browser opens. On the local
    development gateway the user is testuser. Without --scope the token opens every MCP server; ask for one server's
    scopes only (--scope mcp:weather) for a token that no other server accepts.
    """
    with _one_sentence():
        settings = load_current_settings()
        scopes = scope or _default_scopes(settings)
        person = who_signs_in(user, password, settings.origin, browser=browser)
        with http_client(settings.certs_dir / "ca.crt") as http:
            tokens = get_tokens(http, settings.origin, person, scopes, client_id=client_id, tell=_tell)
        print(json.dumps(tokens.raw, indent=2) if as_json else tokens.access_token)


def call(
    resource: Annotated[str | None, typer.Argument(help="An MCP server; left out: list them.")] = None,
    tool: Annotated[str | None, typer.Argument(help="A tool of it; left out: list them.")] = None,
    arguments: Annotated[list[str] | None, typer.Argument(help="Its arguments: name=value …")] = None,
    *,
    bearer: Bearer = None,
    user: User = None,
    password: Password = None,
    browser: Browser = False,
    as_json: AsJson = False,
) -> None:
    """Call a tool: `mcp-gateway call calculator add a=1 b=2`. With less, list what there is.

    Ends with 0, or 1 the tool reports an error, 2 bad arguments, 3 no sign-in, 4 refused by the gateway, 5 try later.
    """
    with _one_sentence():
        settings = load_current_settings()
        resources = read_resources(settings.policy_file)
        if resource is None:
            print(describe_resources(resources.values(), settings.origin, as_json=as_json))
            return
        found = _named(resource, resources)
        with http_client(settings.certs_dir / "ca.crt") as http:
            if bearer is None:
                person = who_signs_in(user, password, settings.origin, browser=browser)
                scopes = [*ALWAYS, *found.scopes]
                bearer = get_tokens(http, settings.origin, person, scopes, tell=_tell).access_token
            with McpSession(http, settings.origin + found.path, bearer) as session:
                tools = {offered.name: offered for offered in session.tools()}
                if tool is None:
                    print(describe_tools(tools.values(), as_json=as_json))
                    return
                result = _call(session, _tool_named(tool, tools), arguments or [])
        print(json_text(result.raw) if as_json else lines(result.text))
        if result.is_error:
            raise typer.Exit(1)


def _default_scopes(settings: Settings) -> list[str]:
    return [*ALWAYS, *all_scopes(read_resources(settings.policy_file))]


def _named(name: str, resources: dict[str, Resource]) -> Resource:
    if name not in resources:
        raise ClientError(f"There is no MCP server {name!r}; there are {', '.join(resources)}")
    return resources[name]


def _tool_named(name: str, tools: dict[str, Tool]) -> Tool:
    if name not in tools:
        raise ClientError(f"There is no tool {name!r}; there are {', '.join(tools) or 'none'}")
    return tools[name]


def _call(session: McpSession, tool: Tool, words: list[str]) -> CallResult:
    return session.call(tool.name, parse_arguments(tool, words))


def _tell(sentence: str) -> None:
    print(plain(sentence), file=sys.stderr)


@contextmanager
def _one_sentence() -> Iterator[None]:
    """What goes wrong is one sentence on stderr and an exit code, never a traceback."""
    try:
        yield
    except (ClientError, GatewayError) as error:
        _tell(f"mcp-gateway: {error}")
        raise typer.Exit(error.exit_code) from None
