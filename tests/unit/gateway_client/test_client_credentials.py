"""A program signs in by itself, with an authorization server that is a few lines of Python."""

from base64 import b64decode
from urllib.parse import parse_qs

import httpx
import pytest
from gateway.client.client_credentials import Machine, authenticate
from gateway.client.errors import SignInFailed, TryLater
from gateway.client.sign_in import OUR_MACHINE, get_machine_tokens, which_machine

ISSUER = "https://gateway.example/realms/mcp-gateway"
GRANTED = {"access_token": "the token", "expires_in": 300, "scope": "mcp:a"}


class FakeServer:
    """Answers the token endpoint with `answer`."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            endpoints = {name: f"{ISSUER}/{name}" for name in ("authorization_endpoint", "token_endpoint")}
            return httpx.Response(200, json={"issuer": ISSUER, **endpoints})
        self.requests.append(request)
        return self.answer

    def sign_in(self, machine: Machine) -> str:
        with httpx.Client(transport=httpx.MockTransport(self)) as http:
            return authenticate(http, ISSUER, machine, ["mcp:a", "mcp:b"]).access_token


def test_the_secret_goes_in_the_header_and_the_scopes_in_the_form() -> None:
    server = FakeServer(httpx.Response(200, json=GRANTED))
    assert server.sign_in(Machine("robot:1", "s:e c%ret")) == "the token"
    (request,) = server.requests
    assert parse_qs(request.content.decode()) == {"grant_type": ["client_credentials"], "scope": ["mcp:a mcp:b"]}
    assert b64decode(request.headers["authorization"].removeprefix("Basic ")) == b"robot%3A1:s%3Ae+c%25ret"


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (httpx.Response(401, json={"error": "unauthorized_client"}), SignInFailed, "no token: unauthorized_client"),
        (httpx.Response(200, text="<html>"), SignInFailed, "makes no sense"),
        (httpx.Response(503, headers={"Retry-After": "7"}), TryLater, "in 7 s"),
        (httpx.Response(307, headers={"Location": "https://evil.example/"}), SignInFailed, "makes no sense"),
    ],
    ids=["refused", "nonsense", "away", "elsewhere"],
)
def test_an_answer_without_a_token_is_told_without_the_secret(
    answer: httpx.Response, kind: type[Exception], says: str
) -> None:
    server = FakeServer(answer)
    with pytest.raises(kind, match=says) as failed:
        server.sign_in(Machine("robot", "the-secret"))
    assert "the-secret" not in str(failed.value)
    assert len(server.requests) == 1


def test_a_secret_is_not_shown_with_its_program() -> None:
    assert "the-secret" not in repr(Machine("robot", "the-secret"))


def test_the_published_secret_is_tried_for_the_known_program_on_the_local_gateway_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ENVIRONMENT", raising=False)
    local = "https://localhost:8443"
    assert which_machine(None, None, local, "published") == Machine("mcp-machine", "published")
    assert which_machine("robot", "its own", "https://gateway.example", "published") == Machine("robot", "its own")
    for name, url in (("robot", local), (None, "https://gateway.example")):
        with pytest.raises(SignInFailed, match=r"The secret of .* is not known: set MCP_CLIENT_SECRET"):
            which_machine(name, None, url, "published")
    monkeypatch.setenv("ENVIRONMENT", "production")
    with pytest.raises(SignInFailed, match="MCP_CLIENT_SECRET"):
        which_machine(None, None, local, "published")


@pytest.mark.parametrize(
    ("name", "error", "mend"),
    [
        (OUR_MACHINE, "unauthorized_client", "set MCP_CLIENT_SECRET to what MCP_MACHINE_SECRET was at `make up`"),
        ("robot", "invalid_client", "check --client-id and MCP_CLIENT_SECRET"),
        (OUR_MACHINE, "invalid_scope", "invalid_scope$"),
    ],
)
def test_a_wrong_secret_is_told_with_where_the_right_one_is(name: str, error: str, mend: str) -> None:
    server = FakeServer(httpx.Response(401, json={"error": error}))
    with httpx.Client(transport=httpx.MockTransport(server)) as http, pytest.raises(SignInFailed, match=mend):
        get_machine_tokens(http, "https://gateway.example", Machine(name, "the-secret"), ["mcp:a"])
