"""Pages that the login form must not fall for. That it works on Keycloak's own is shown with a real Keycloak."""

from collections.abc import Callable

import httpx
import pytest
from gateway.client.errors import SignInFailed
from gateway.client.login_form import LoginForm

LOGIN = "https://gateway.example/auth"


def sign_in(answer: Callable[[httpx.Request], httpx.Response]) -> str:
    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        return LoginForm(http, "testuser", "the password", accept_consent=True)(LOGIN)


def page(action: str) -> httpx.Response:
    return httpx.Response(200, text=f'<form id="kc-form-login" action="{action}"></form>')


@pytest.mark.parametrize(
    "action",
    ["https://evil.example/login", "http://gateway.example/login", "https://gateway.example.evil.example/", "//x/"],
)
def test_password_is_sent_to_no_other_server(action: str) -> None:
    sent: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        return page(action)

    with pytest.raises(SignInFailed, match="sends its fields to another server"):
        sign_in(answer)
    assert sent == [b""]


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
