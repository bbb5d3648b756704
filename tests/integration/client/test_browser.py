"""The sign-in with a browser: a loopback port takes the code (RFC 8252 §7.3)."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from gateway.client.browser import BrowserSignIn
from gateway.client.errors import SignInFailed


@pytest.mark.covers("O14")
def test_code_is_taken_from_the_redirect_and_other_requests_are_not() -> None:
    told: list[str] = []
    statuses: list[int] = []
    with ThreadPoolExecutor(1) as pool:

        def visit() -> None:
            base = sign_in.redirect_uri.removesuffix("/callback")
            paths = ("/favicon.ico", "/callback", "/callback?code=c&state=s")
            statuses.extend(httpx.get(base + path).status_code for path in paths)

        def browser(url: str) -> bool:
            pool.submit(visit)
            return True

        sign_in = BrowserSignIn(told.append, browser, timeout=20)
        answer = sign_in("https://gateway.example/auth")
    assert answer == f"{sign_in.redirect_uri}?code=c&state=s"
    assert statuses == [404, 404, 200]
    assert told == ["Sign in in your browser: https://gateway.example/auth"]


def test_nobody_signing_in_ends_the_wait() -> None:
    with pytest.raises(SignInFailed, match="Nobody signed in within 0 s"):
        BrowserSignIn(lambda _: None, lambda _: False, timeout=0)("https://gateway.example/auth")


def test_port_is_closed_afterwards() -> None:
    sign_in = BrowserSignIn(lambda _: None, lambda _: False, timeout=0)
    with pytest.raises(SignInFailed):
        sign_in("https://gateway.example/auth")
    with pytest.raises(httpx.ConnectError):
        httpx.get(sign_in.redirect_uri)
