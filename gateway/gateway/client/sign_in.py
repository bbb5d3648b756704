"""Chooses how to sign in (login form or browser), and gets a token through the gateway's public URL."""

import os
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from gateway.client.authorization import SignIn, authorize
from gateway.client.browser import BrowserSignIn
from gateway.client.client_credentials import Machine, authenticate
from gateway.client.errors import SignInFailed
from gateway.client.login_form import LoginForm
from gateway.client.refusals import unreachable
from gateway.client.token_answer import Tokens
from gateway.settings import LOOPBACK_NAMES

REALM = "mcp-gateway"
ALWAYS = ("openid", "email")  # what to ask for besides a server's own scopes
OUR_CLIENT = "mcp-client"
OUR_MACHINE = "mcp-machine"
WRONG_CLIENT = {"invalid_client", "unauthorized_client"}  # Keycloak says the second of a wrong secret
TIMEOUT = 75.0  # seconds for one answer
DEVELOPMENT_USER = ("testuser", "testpassword123")  # what keycloak/realm-export.json creates


@dataclass(frozen=True, slots=True)
class Person:
    """Who signs in: with a password here, or (`password` is None) in the browser."""

    username: str | None
    password: str | None


def who_signs_in(username: str | None, password: str | None, public_url: str, *, browser: bool) -> Person:
    """The person to sign in; the local development gateway has a test user, so that the first token needs no setup.

    Raises:
        SignInFailed: a user name without its password.
    """
    if browser:
        return Person(None, None)
    if username in (None, DEVELOPMENT_USER[0]) and password is None and _is_development(public_url):
        return Person(*DEVELOPMENT_USER)
    if username and password is None:
        raise SignInFailed(f"The password of {username} is not known: set MCP_PASSWORD, or sign in with --browser")
    return Person(username, password)


def which_machine(client_id: str | None, secret: str | None, public_url: str, published: str) -> Machine:
    """The program to sign in; on the local development gateway its secret is the `published` one, unless it is given.

    Raises:
        SignInFailed: its secret is not known.
    """
    name = client_id or OUR_MACHINE
    if secret:
        return Machine(name, secret)
    if name == OUR_MACHINE and _is_development(public_url):
        return Machine(name, published)
    raise SignInFailed(f"The secret of {name} is not known: set MCP_CLIENT_SECRET")


def _is_development(public_url: str) -> bool:
    return urlsplit(public_url).hostname in LOOPBACK_NAMES and os.environ.get("ENVIRONMENT") != "production"


def trusting(ca_file: Path) -> ssl.SSLContext:
    """TLS that trusts the system's CAs and, if it is there, the gateway's own."""
    context = ssl.create_default_context()
    if ca_file.exists():
        context.load_verify_locations(cafile=str(ca_file))
    return context


@contextmanager
def http_client(ca_file: Path) -> Iterator[httpx.Client]:
    """A client that trusts as `trusting` says."""
    with httpx.Client(verify=trusting(ca_file), timeout=TIMEOUT) as client:
        yield client


def get_tokens(
    http: httpx.Client,
    public_url: str,
    person: Person,
    scopes: Sequence[str],
    *,
    client_id: str = OUR_CLIENT,
    tell: Callable[[str], None],
) -> Tokens:
    """Sign `person` in and return the tokens.

    Raises:
        SignInFailed: refused; the message says by whom and why.
        TryLater: nothing answers at `public_url`.
    """
    try:
        return authorize(
            http, f"{public_url}/realms/{REALM}", client_id, scopes, _sign_in(http, public_url, person, client_id, tell)
        )
    except httpx.HTTPError as error:
        raise unreachable(public_url, error) from error


def get_machine_tokens(http: httpx.Client, public_url: str, machine: Machine, scopes: Sequence[str]) -> Tokens:
    """Sign a program in and return its tokens. Raises as `get_tokens`."""
    try:
        return authenticate(http, f"{public_url}/realms/{REALM}", machine, scopes)
    except httpx.HTTPError as error:
        raise unreachable(public_url, error) from error
    except SignInFailed as failed:
        if failed.code not in WRONG_CLIENT:
            raise
        ours = "set MCP_CLIENT_SECRET to what MCP_MACHINE_SECRET was at `make up`"
        mend = ours if machine.client_id == OUR_MACHINE else "check --client-id and MCP_CLIENT_SECRET"
        raise SignInFailed(f"{failed}; {mend}", failed.code) from failed


def _sign_in(
    http: httpx.Client, public_url: str, person: Person, client_id: str, tell: Callable[[str], None]
) -> SignIn:
    if person.username is None or person.password is None:
        return BrowserSignIn(tell)
    accept_consent = client_id == OUR_CLIENT
    return LoginForm(http, person.username, person.password, origin=public_url, accept_consent=accept_consent)
