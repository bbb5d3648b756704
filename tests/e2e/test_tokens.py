"""What the door answers to tokens, good and bad, with the real Keycloak behind it (A1-A4, R2-R5, S2-S5)."""

import json
import re
import secrets
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.support.mcp import CALCULATOR, WEATHER, bearer, method_call, tool_call
from tests.support.recorder import RecordingGateway
from tests.support.stack import Stack

PING = method_call("ping")


@pytest.fixture(scope="module")
def tokens(stack: Stack) -> dict[str, str]:
    """The whole answer of the token endpoint for a weather token: access, refresh and ID token."""
    done = stack.cli("token", "--json", "--scope", "openid", "--scope", "mcp:weather")
    assert done.returncode == 0, done.stderr
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


@pytest.fixture
def client(upstream: RecordingGateway) -> Iterator[httpx.Client]:
    with upstream.client() as client:
        yield client


def challenge(answer: httpx.Response) -> dict[str, str]:
    """The parameters of the Bearer challenge (RFC 9110 section 11.6.1)."""
    scheme, _, parameters = answer.headers["www-authenticate"].partition(" ")
    assert scheme == "Bearer"
    return dict(re.findall(r'(\w+)="([^"]*)"', parameters))


def await_the_log_s_end(stack: Stack, client: httpx.Client) -> None:
    """The authorizer writes its lines a moment later; once a request of our own is in its log, those before it are."""
    fence = f"/mcp/weather/{secrets.token_hex(8)}"
    client.get(fence)
    deadline = time.monotonic() + 10
    while fence not in stack.log("ext-authz"):
        assert time.monotonic() < deadline, "the authorizer did not log a request"
        time.sleep(0.05)  # between two looks


@pytest.mark.covers("A4", "R2")
def test_without_a_token_the_challenge_says_where_to_get_one(stack: Stack, client: httpx.Client) -> None:
    answer = client.post(WEATHER, json=PING)
    assert answer.status_code == 401
    assert challenge(answer) == {
        "resource_metadata": f"{stack.url}/.well-known/oauth-protected-resource/mcp/weather",
        "scope": "mcp:weather",
    }
    assert answer.json()["error"]["code"] == -32001


@pytest.mark.covers("A4", "R4", "S2")
@pytest.mark.parametrize(
    ("headers", "status", "error"),
    [
        ([("Authorization", "Basic dGVzdDp0ZXN0")], 401, None),
        ([("Authorization", "Bearer")], 401, "invalid_token"),
        ([("Authorization", "Bearer not a token")], 401, "invalid_token"),
        ([("Authorization", "Bearer t\u00f6ken")], 401, "invalid_token"),
        ([("Authorization", "Bearer made-up")], 401, "invalid_token"),
        ([("Authorization", "Bearer a"), ("Authorization", "Bearer b")], 400, "invalid_request"),
        ([("Authorization", "Bearer a,Bearer b")], 400, "invalid_request"),
        ([("Authorization", "Bearer " + "a" * 20_000)], 431, None),
    ],
    ids=["basic", "bare", "spaces", "non-ascii", "unknown", "doubled", "comma", "long"],
)
def test_what_is_no_valid_token_is_refused(
    client: httpx.Client, upstream: RecordingGateway, headers: list[tuple[str, str]], status: int, error: str | None
) -> None:
    encoded = [(name.encode(), value.encode()) for name, value in headers]
    answer = client.post(WEATHER, json=PING, headers=encoded)
    assert answer.status_code == status
    if "www-authenticate" in answer.headers:
        assert challenge(answer).get("error") == error
    assert upstream.received == []


@pytest.mark.covers("S3", "R5")
def test_a_token_in_the_query_or_the_body_counts_for_nothing(
    stack: Stack, client: httpx.Client, tokens: dict[str, str]
) -> None:
    token = tokens["access_token"]
    assert client.post(WEATHER, params={"access_token": token}, json=PING).status_code == 401
    assert client.post(WEATHER, data={"access_token": token}).status_code == 401
    await_the_log_s_end(stack, client)
    assert token not in stack.log("envoy") + stack.log("ext-authz")


@pytest.mark.covers("R5", "S4", "O10")
def test_a_weather_token_opens_weather_and_not_the_calculator(
    client: httpx.Client, upstream: RecordingGateway, tokens: dict[str, str]
) -> None:
    assert client.post(WEATHER, json=PING, headers=bearer(tokens["access_token"])).status_code == 200
    answer = client.post(CALCULATOR, json=PING, headers=bearer(tokens["access_token"]))
    assert answer.status_code == 401
    assert challenge(answer)["error"] == "invalid_token"
    assert challenge(answer)["scope"] == "mcp:calculator"
    assert [received.server for received in upstream.received] == ["weather"]


@pytest.mark.covers("S4")
@pytest.mark.parametrize("kind", ["id_token", "refresh_token"])
def test_id_and_refresh_tokens_are_no_access_tokens(
    client: httpx.Client, upstream: RecordingGateway, tokens: dict[str, str], kind: str
) -> None:
    assert client.post(WEATHER, json=PING, headers=bearer(tokens[kind])).status_code == 401
    assert upstream.received == []


@pytest.mark.covers("S4")
def test_a_token_with_another_signature_is_refused(client: httpx.Client, tokens: dict[str, str]) -> None:
    head, payload, signature = tokens["access_token"].split(".")
    for forged in (f"{head}.{payload}.{signature[::-1]}", f"{head}.{payload}.", f"eyJhbGciOiJub25lIn0.{payload}."):
        assert client.post(WEATHER, json=PING, headers=bearer(forged)).status_code == 401


@pytest.mark.covers("R3")
def test_a_missing_scope_is_403_and_names_every_scope_of_the_operation(
    client: httpx.Client, upstream: RecordingGateway, tokens: dict[str, str]
) -> None:
    headers = bearer(tokens["access_token"])
    answer = client.post(WEATHER, json=tool_call("get_weather_alerts", location="Berlin"), headers=headers)
    assert answer.status_code == 403
    assert challenge(answer)["error"] == "insufficient_scope"
    assert set(challenge(answer)["scope"].split()) == {"mcp:weather", "mcp:weather:alerts"}
    assert answer.json()["id"] == 1
    assert answer.json()["error"]["code"] == -32003
    assert upstream.received == []


@pytest.mark.covers("R3", "O11")
def test_a_step_up_to_the_scopes_of_the_challenge_is_let_through(stack: Stack, client: httpx.Client) -> None:
    token = stack.token("mcp:weather", "mcp:weather:alerts")
    call = tool_call("get_weather_alerts", location="Berlin")
    assert client.post(WEATHER, json=call, headers=bearer(token)).status_code == 200


@pytest.mark.covers("A4", "S12")
@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (
            b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"delete_everything"}}',
            "application/json",
            403,
        ),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":["get_uv_index"]}}', "application/json", 400),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}}', "application/json", 400),
        (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', "application/json", 400),
        (b"not json", "application/json", 400),
        (b"", "application/json", 400),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping"}', "text/plain", 415),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping"}', "application/json; charset=utf-7", 415),
    ],
)
def test_what_cannot_be_judged_is_not_passed_on(
    client: httpx.Client,
    upstream: RecordingGateway,
    tokens: dict[str, str],
    body: bytes,
    content_type: str,
    status: int,
) -> None:
    headers = bearer(tokens["access_token"]) | {"Content-Type": content_type}
    answer = client.post(WEATHER, content=body, headers=headers)
    assert answer.status_code == status
    assert answer.json()["jsonrpc"] == "2.0"
    assert upstream.received == []


@pytest.mark.covers("M6")
def test_get_and_delete_with_a_session_pass_when_authorized(
    client: httpx.Client, upstream: RecordingGateway, tokens: dict[str, str]
) -> None:
    """A user's own server may keep sessions and stream; the models behind this gateway answer 405."""
    headers = bearer(tokens["access_token"]) | {"Mcp-Session-Id": "session-1", "Accept": "text/event-stream"}
    assert client.get(WEATHER, headers=headers).status_code == 200
    assert client.delete(WEATHER, headers=headers).status_code == 200
    assert [(r.method, r.all("mcp-session-id")) for r in upstream.received] == [
        ("GET", ["session-1"]),
        ("DELETE", ["session-1"]),
    ]
    assert client.get(WEATHER).status_code == 401


@pytest.mark.covers("S19")
def test_tokens_and_addresses_are_in_no_log(stack: Stack, client: httpx.Client, tokens: dict[str, str]) -> None:
    client.post(WEATHER, json=PING, headers=bearer(tokens["access_token"]))
    await_the_log_s_end(stack, client)
    for component in ("envoy", "ext-authz", "mcp-weather", "mcp-calculator"):
        log = stack.log(component)
        assert tokens["access_token"] not in log
        assert "testuser@example.com" not in log
