"""Pages that the login form must not fall for. That it works on Keycloak's own is shown with a real Keycloak."""

from collections.abc import Callable

import httpx
import pytest
from gateway.client.errors import SignInFailed
from gateway.client.login_form import LoginForm

ORIGIN = "https://gateway.example"
LOGIN = f"{ORIGIN}/auth"


def sign_in(answer: Callable[[httpx.Request], httpx.Response]) -> str:
    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        return LoginForm(http, "testuser", "the password", origin=ORIGIN, accept_consent=True)(LOGIN)


def page(action: str) -> httpx.Response:
    return httpx.Response(200, text=f'<form id="kc-form-login" action="{action}"></form>')


@pytest.mark.parametrize(
    "action",
    [
        "https://evil.example/login",
        "http://gateway.example/login",
        "https://gateway.example:8443/login",
        "https://gateway.example.evil.example/",
        "https://gateway.example@evil.example/",
        "//x/",
        "http://[x/",
        "javascript:x",
    ],
)
def test_password_is_sent_to_no_other_server(action: str) -> None:
    sent: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        return page(action)

    with pytest.raises(SignInFailed, match="sends its fields to another server"):
        sign_in(answer)
    assert sent == [b""]


@pytest.mark.parametrize(
    "location", ["http://evil.example/login", "http://gateway.example/login", "//evil.example/login", "https://[x/"]
)
def test_redirect_to_another_server_is_not_followed(location: str) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(302, headers={"location": location}) if len(asked) == 1 else page("/login")

    with pytest.raises(SignInFailed, match="leads to another server"):
        sign_in(answer)
    assert asked == [LOGIN]


def test_redirect_and_form_that_name_the_default_port_are_the_same_server() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(302, headers={"location": "http://127.0.0.1/callback?code=c"})
        if request.url.path == "/auth":
            return httpx.Response(302, headers={"location": "https://GATEWAY.example:443/page"})
        return page(f"{ORIGIN}:443/login")

    assert sign_in(answer) == "http://127.0.0.1/callback?code=c"


def test_relative_action_is_the_same_server() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(302, headers={"location": "http://127.0.0.1/callback?code=c"})
        return page("/login?x=1&amp;y=2")

    assert sign_in(answer) == "http://127.0.0.1/callback?code=c"


def test_redirects_without_end_are_given_up() -> None:
    with pytest.raises(SignInFailed, match="did not end"):
        sign_in(lambda _: httpx.Response(302, headers={"location": LOGIN}))


def test_page_that_is_not_keycloaks_is_told_with_its_status() -> None:
    with pytest.raises(SignInFailed, match=r"an error page \(502\): no reason given"):
        sign_in(lambda _: httpx.Response(502, text="upstream connect error"))
