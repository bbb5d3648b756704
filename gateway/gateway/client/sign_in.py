"""Chooses how to sign in (login form or browser), and gets a token through the gateway's public URL."""

import os
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from gateway.client.authorization import SignIn, Tokens, authorize
from gateway.client.browser import BrowserSignIn
from gateway.client.errors import SignInFailed
from gateway.client.login_form import LoginForm
from gateway.client.refusals import unreachable

REALM = "mcp-gateway"
OUR_CLIENT = "mcp-client"
TIMEOUT = 75.0  # seconds; a tool may take 60
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
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
    is_development = urlsplit(public_url).hostname in LOCAL and os.environ.get("ENVIRONMENT") != "production"
    if username in (None, DEVELOPMENT_USER[0]) and password is None and is_development:
        return Person(*DEVELOPMENT_USER)
    if username and password is None:
        raise SignInFailed(f"The password of {username} is not known: set MCP_PASSWORD, or sign in with --browser")
    return Person(username, password)


@contextmanager
def http_client(ca_file: Path) -> Iterator[httpx.Client]:
    """A client that trusts the system's CAs and, if it is there, the gateway's own."""
    context = ssl.create_default_context()
    if ca_file.exists():
        context.load_verify_locations(cafile=str(ca_file))
    with httpx.Client(verify=context, timeout=TIMEOUT) as client:
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


def _sign_in(
    http: httpx.Client, public_url: str, person: Person, client_id: str, tell: Callable[[str], None]
) -> SignIn:
    if person.username is None or person.password is None:
        return BrowserSignIn(tell)
    accept_consent = client_id == OUR_CLIENT
    return LoginForm(http, person.username, person.password, origin=public_url, accept_consent=accept_consent)
