"""Identity headers come from the authorizer alone; the client's token goes no further than the gateway (S1, R6)."""

import socket

import pytest

from tests.support.mcp import CALCULATOR, WEATHER, bearer, tool_call
from tests.support.recorder import RecordingGateway
from tests.support.stack import Stack

FORGED = "forged-by-the-client"


@pytest.fixture(scope="module")
def token(stack: Stack) -> str:
    return stack.token("openid", "email", "mcp:weather", "mcp:calculator")


@pytest.mark.covers("S1", "A3")
@pytest.mark.parametrize("name", ["X-User-Sub", "x-user-scopes", "X-USER-EMAIL", "X-User-Roles", "x-user-"])
def test_forged_identity_headers_never_reach_a_server(upstream: RecordingGateway, token: str, name: str) -> None:
    headers = [*bearer(token).items(), (name, FORGED), (name, f"{FORGED},mcp:calculator:scientific")]
    with upstream.client() as client:
        assert client.post(CALCULATOR, json=tool_call("add", a=1, b=2), headers=headers).status_code == 200
    [received] = upstream.received
    assert not [value for _, value in received.headers if FORGED in value]
    assert all(len(received.all(header)) == 1 for header in ("x-user-sub", "x-user-email", "x-user-scopes"))


@pytest.mark.covers("S1")
@pytest.mark.parametrize("name", ["x_user_sub", "X_User_Scopes", "x-user_sub"])
def test_headers_with_underscores_are_refused(upstream: RecordingGateway, token: str, name: str) -> None:
    with upstream.client() as client:
        answer = client.post(CALCULATOR, json=tool_call("add", a=1, b=2), headers=bearer(token) | {name: FORGED})
    assert answer.status_code == 400
    assert upstream.received == []


@pytest.mark.covers("S1", "A3")
def test_an_absent_email_is_absent_upstream_even_if_the_client_names_one(
    stack: Stack, upstream: RecordingGateway, token: str
) -> None:
    """Each mcp:* scope maps the e-mail, so the forged one must give way to the real one."""
    with upstream.client() as client:
        client.post(WEATHER, json=tool_call("get_uv_index"), headers=bearer(token) | {"X-User-Email": FORGED})
    [received] = upstream.received
    assert received.all("x-user-email") == ["testuser@example.com"]


@pytest.mark.covers("R6", "S3")
def test_the_token_and_cookies_are_not_passed_on(upstream: RecordingGateway, token: str) -> None:
    with upstream.client() as client:
        client.post(CALCULATOR, json=tool_call("add", a=1, b=2), headers=bearer(token) | {"Cookie": "session=1"})
    [received] = upstream.received
    assert token not in str(received)
    assert received.all("cookie") == []


@pytest.mark.covers("S7")
def test_forwarding_headers_of_a_client_change_nothing_upstream(upstream: RecordingGateway, token: str) -> None:
    tricks = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Client-Cert": "By=evil",
        "X-Original-URL": "/mcp/weather",
        "X-Rewrite-URL": "/mcp/weather",
        "Forwarded": "host=evil.example",
        "X-HTTP-Method-Override": "DELETE",
        "Host": "evil.example",
    }
    with upstream.client() as client:
        client.post(CALCULATOR, json=tool_call("add", a=1, b=2), headers=bearer(token) | tricks)
    [received] = upstream.received
    assert "evil" not in str(received.headers)
    assert "203.0.113.9" not in str(received.headers)
    assert received.all("host") == ["mcp-calculator"]
    assert not received.all("x-original-url") + received.all("x-rewrite-url") + received.all("x-http-method-override")


@pytest.mark.covers("G7", "S6")
@pytest.mark.parametrize(
    ("path", "target"),
    [("/mcp/calculator", "/"), ("/mcp/calculator/", "/"), ("/mcp//calculator", "/"), ("/mcp/x/../calculator/a", "/a")],
)
def test_the_prefix_is_stripped(upstream: RecordingGateway, token: str, path: str, target: str) -> None:
    status = raw_post(upstream, path, token)
    assert status == 200
    assert [received.target for received in upstream.received] == [target]


def raw_post(gateway: RecordingGateway, path: str, token: str) -> int:
    """A POST whose path is sent as it is: HTTP libraries tidy dots away. Returns the status code."""
    body = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    address = ("127.0.0.1", gateway.settings.https_port)
    with (
        socket.create_connection(address, timeout=10) as plain,
        gateway.stack.ca.wrap_socket(plain, server_hostname="localhost") as tls,
    ):
        tls.sendall(head.encode() + body)
        return int(tls.makefile("rb").readline().split()[1])
