"""The browser of a client under test: given an authorization URL, it signs in on Keycloak's real pages.

`sign_in` walks the login form and the consent page, and returns the redirect to the client's callback. `deliver` opens
that redirect, as a browser would, where a client listens for it. As a command it does both, so that a client that opens
a browser can open this instead:

    python -m tests.support.sign_in_headless URL --ca certs/ca.crt
"""

import argparse
import ssl
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
from gateway.client.errors import SignInFailed
from gateway.client.login_form import LoginForm

TESTUSER = ("testuser", "testpassword123")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
TIMEOUT_S = 30
LISTENING_DEADLINE_S = 10


def browser(ca: ssl.SSLContext) -> httpx.Client:
    """A browser that nobody has signed in with; kept, it remembers Keycloak's session as a browser does."""
    return httpx.Client(verify=ca, timeout=TIMEOUT_S)


def sign_in(http: httpx.Client, url: str, user: tuple[str, str] = TESTUSER, *, accept_consent: bool = True) -> str:
    """The redirect to the callback that `url` asks for, with a code or an error in its query.

    Raises:
        SignInFailed: wrong password, or a page of Keycloak's that is neither login nor consent.
    """
    parts = urlsplit(url)
    callback = parse_qs(parts.query).get("redirect_uri", [""])[0]
    if not callback:
        raise SignInFailed(f"The authorization URL names no redirect_uri: {parts.scheme}://{parts.netloc}{parts.path}")
    form = LoginForm(http, *user, origin=f"{parts.scheme}://{parts.netloc}", accept_consent=accept_consent)
    form.redirect_uri = callback
    return form(url)


def deliver(redirect: str) -> int:
    """Open the redirect at the client's own loopback listener; the status that the client answered with."""
    if urlsplit(redirect).hostname not in LOOPBACK:
        raise SignInFailed(f"Nobody listens at {redirect.partition('?')[0]}: only a loopback callback is delivered")
    deadline = time.monotonic() + LISTENING_DEADLINE_S
    with httpx.Client(timeout=TIMEOUT_S, trust_env=False) as http:
        while True:
            try:
                return http.get(redirect).status_code
            except httpx.ConnectError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)  # some clients open the browser first and listen then; a person is slower than both


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.support.sign_in_headless", description=__doc__)
    parser.add_argument("url", help="the authorization URL")
    parser.add_argument("--ca", type=Path, required=True, help="the gateway's CA")
    parser.add_argument("--user", default=TESTUSER[0])
    parser.add_argument("--password", default=TESTUSER[1])
    asked = parser.parse_args(argv)
    try:
        with browser(ssl.create_default_context(cafile=str(asked.ca))) as http:
            status = deliver(sign_in(http, asked.url, (asked.user, asked.password)))
    except (SignInFailed, httpx.HTTPError) as error:
        print(f"sign-in: {error}", file=sys.stderr)  # noqa: T201 - a command speaks on its streams
        return 1
    return 0 if status < 400 else 1


if __name__ == "__main__":
    sys.exit(main())
