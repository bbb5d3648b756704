"""The authorization code flow, with an authorization server that is a few lines of Python."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest
from gateway.client.authorization import Tokens, authorize
from gateway.client.errors import SignInFailed, TryLater

ISSUER = "https://gateway.example/realms/mcp-gateway"
CALLBACK = "http://127.0.0.1/callback"


class FakeServer:
    """Gives a token for the code `good` if the verifier fits the challenge that it saw last."""

    def __init__(self) -> None:
        self.issuer = ISSUER
        self.challenge = ""
        self.endpoints: dict[str, Any] = {
            "authorization_endpoint": f"{ISSUER}/auth",
            "token_endpoint": f"{ISSUER}/token",
        }
        self.expires_in = "300"

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/.well-known/openid-configuration"):
            return httpx.Response(200, json={"issuer": self.issuer, **self.endpoints})
        form = dict(parse_qsl(request.content.decode()))
        hashed = hashlib.sha256(form["code_verifier"].encode()).digest()
        if form["code"] != "good" or base64.urlsafe_b64encode(hashed).rstrip(b"=").decode() != self.challenge:
            return httpx.Response(400, json={"error": "invalid_grant", "error_description": "Code not valid"})
        answer = '{"access_token": "the token", "expires_in": %s, "scope": "mcp:weather", "token_type": "Bearer"}'
        return httpx.Response(200, text=answer % self.expires_in)


class FakeSignIn:
    """Answers at once with `code` and whatever else it is told to."""

    redirect_uri = CALLBACK

    def __init__(self, server: FakeServer, **answer: str) -> None:
        self._server = server
        self._answer = answer
        self.asked: dict[str, list[str]] = {}

    def __call__(self, authorization_url: str) -> str:
        self.asked = parse_qs(urlsplit(authorization_url).query)
        self._server.challenge = self.asked["code_challenge"][0]
        answer = {"code": "good", "state": self.asked["state"][0], "iss": ISSUER, **self._answer}
        return f"{CALLBACK}?{urlencode({k: v for k, v in answer.items() if v})}"


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


def run(server: Callable[[httpx.Request], httpx.Response], sign_in: FakeSignIn) -> Tokens:
    with httpx.Client(transport=httpx.MockTransport(server)) as http:
        return authorize(http, ISSUER, "mcp-client", ["openid", "mcp:weather"], sign_in)


@pytest.mark.covers("O3", "O15")
def test_code_and_verifier_are_exchanged_for_a_token(server: FakeServer) -> None:
    sign_in = FakeSignIn(server)
    assert run(server, sign_in).access_token == "the token"
    assert sign_in.asked["code_challenge_method"] == ["S256"]
    assert sign_in.asked["scope"] == ["openid mcp:weather"]
    assert sign_in.asked["response_type"] == ["code"]


def test_every_attempt_has_a_state_and_a_challenge_of_its_own(server: FakeServer) -> None:
    first, second = FakeSignIn(server), FakeSignIn(server)
    run(server, first)
    run(server, second)
    assert first.asked["state"] != second.asked["state"]
    assert first.asked["code_challenge"] != second.asked["code_challenge"]


@pytest.mark.parametrize("state", ["another", "", "é"])
def test_answer_with_another_state_is_not_believed(server: FakeServer, state: str) -> None:
    with pytest.raises(SignInFailed, match="another state"):
        run(server, FakeSignIn(server, state=state, error="access_denied"))


def test_answer_of_another_issuer_is_not_believed(server: FakeServer) -> None:
    """RFC 9207: the mix-up attack."""
    with pytest.raises(SignInFailed, match=r"another issuer: https://evil\.example"):
        run(server, FakeSignIn(server, iss="https://evil.example"))


def test_refusal_by_the_realm_is_told_in_its_words(server: FakeServer) -> None:
    answer = {"error": "invalid_scope", "error_description": "Invalid scopes: mcp:x"}
    with pytest.raises(SignInFailed, match="invalid_scope Invalid scopes: mcp:x"):
        run(server, FakeSignIn(server, **answer))


def test_answer_without_a_code_is_refused(server: FakeServer) -> None:
    with pytest.raises(SignInFailed, match="no code"):
        run(server, FakeSignIn(server, code=""))


def test_code_that_is_not_accepted_is_told(server: FakeServer) -> None:
    with pytest.raises(SignInFailed, match="invalid_grant Code not valid"):
        run(server, FakeSignIn(server, code="used"))


@pytest.mark.covers("O12")
def test_metadata_of_another_issuer_is_refused(server: FakeServer) -> None:
    """RFC 8414 §3.3; it happens when PUBLIC_URL has changed and the realm has not followed."""
    server.issuer = "https://old.example/realms/mcp-gateway"
    with pytest.raises(SignInFailed, match=r"belongs to the issuer https://old\.example"):
        run(server, FakeSignIn(server))


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint"])
@pytest.mark.parametrize("url", ["https://evil.example/auth", "http://gateway.example/auth", "/auth", "", 5])
def test_endpoint_at_another_server_is_refused(server: FakeServer, name: str, url: str | int) -> None:
    server.endpoints[name] = url
    sign_in = FakeSignIn(server)
    with pytest.raises(SignInFailed, match="names an endpoint on another server"):
        run(server, sign_in)
    assert sign_in.asked == {}


@pytest.mark.parametrize("lifetime", ["Infinity", "NaN", "1e999", '"long"', "null"])
def test_lifetime_that_is_no_number_of_seconds_is_told(server: FakeServer, lifetime: str) -> None:
    server.expires_in = lifetime
    with pytest.raises(SignInFailed, match="makes no sense"):
        run(server, FakeSignIn(server))


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(404),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={}),
    ],
)
def test_address_without_metadata_is_told(server: FakeServer, response: httpx.Response) -> None:
    with pytest.raises(SignInFailed, match="is not an authorization server's metadata"):
        run(lambda _: response, FakeSignIn(server))


@pytest.mark.covers("F6", "R4")
@pytest.mark.parametrize("away_at", ["/.well-known/openid-configuration", "/token"])
def test_a_keycloak_that_is_away_is_asked_for_later_and_not_called_wrong(server: FakeServer, away_at: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(away_at):
            return httpx.Response(503, json={"error": {"message": "no"}}, headers={"Retry-After": "1"})
        return server(request)

    with pytest.raises(
        TryLater, match=r"Keycloak does not answer yet, or is down .* `make status`, and try again in 1 s"
    ):
        run(answer, FakeSignIn(server))
