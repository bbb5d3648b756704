"""How long a token still opens the door after it was taken back, with requests that keep its answer in the cache."""

import time

import httpx
import pytest
from keycloak import KeycloakAdmin

from tests.support.mcp import CALCULATOR, bearer, tool_call
from tests.support.stack import Stack

ADD = tool_call("add", a=1, b=2)
TTL_S = 5
LOGOUT_S = 1
SLACK_S = 0.5  # for the requests themselves, on a busy machine
REALM = "/realms/mcp-gateway/protocol/openid-connect"


def signed_in(stack: Stack) -> dict[str, str]:
    """The token endpoint's answer for testuser, in a session of its own."""
    done = stack.cli("token", "--json", "--scope", "openid", "--scope", "mcp:calculator")
    assert done.returncode == 0, done.stderr
    answer: dict[str, str] = httpx.Response(200, text=done.stdout).json()
    return answer


def last_allowed(http: httpx.Client, token: str, since: float, seconds: float) -> float:
    """Calls all the time for ``seconds`` after ``since``; how long after it the last call was allowed."""
    allowed, verdict = 0.0, 200
    while (now := time.monotonic()) - since < seconds:
        verdict = http.post(CALCULATOR, json=ADD, headers=bearer(token)).status_code
        if verdict == 200:
            allowed = now - since
        time.sleep(0.02)
    assert verdict == 401
    return allowed


def call(http: httpx.Client, token: str) -> int:
    return http.post(CALCULATOR, json=ADD, headers=bearer(token)).status_code


@pytest.fixture
def admin(stack: Stack) -> KeycloakAdmin:
    password = stack.settings.kc_bootstrap_admin_password.get_secret_value()
    server = f"http://localhost:{stack.settings.keycloak_port}"
    return KeycloakAdmin(
        server_url=server, username="admin", password=password, realm_name="mcp-gateway", user_realm_name="master"
    )


@pytest.mark.covers("S5", "O18")
def test_a_logout_ends_access_within_a_second(stack: Stack) -> None:
    tokens = signed_in(stack)
    with stack.client() as http:
        assert call(http, tokens["access_token"]) == 200
        form = {"client_id": "mcp-client", "refresh_token": tokens["refresh_token"]}
        assert http.post(f"{REALM}/logout", data=form).status_code == 204
        assert last_allowed(http, tokens["access_token"], time.monotonic(), 2) < LOGOUT_S


@pytest.mark.covers("S5", "O18")
def test_a_session_that_an_administrator_ends_is_over_within_a_second(stack: Stack, admin: KeycloakAdmin) -> None:
    first, second = signed_in(stack), signed_in(stack)
    with stack.client() as http:
        assert call(http, first["access_token"]) == call(http, second["access_token"]) == 200
        admin.connection.raw_delete(f"/admin/realms/mcp-gateway/sessions/{first['session_state']}")
        assert last_allowed(http, first["access_token"], time.monotonic(), 2) < LOGOUT_S
        assert call(http, second["access_token"]) == 200, "another session of the same user goes on"


@pytest.mark.covers("S5")
def test_a_revoked_token_is_refused_within_the_ttl(stack: Stack) -> None:
    tokens = signed_in(stack)
    with stack.client() as http:
        assert call(http, tokens["access_token"]) == 200
        form = {"client_id": "mcp-client", "token": tokens["access_token"]}
        assert http.post(f"{REALM}/revoke", data=form).status_code == 200
        assert last_allowed(http, tokens["access_token"], time.monotonic(), TTL_S + 1) < TTL_S + SLACK_S


@pytest.mark.covers("S5")
def test_a_disabled_user_is_refused_within_the_ttl(stack: Stack, admin: KeycloakAdmin) -> None:
    tokens = signed_in(stack)
    user = admin.get_user_id("testuser")
    assert user
    with stack.client() as http:
        assert call(http, tokens["access_token"]) == 200
        admin.update_user(user, {"enabled": False})
        try:
            assert last_allowed(http, tokens["access_token"], time.monotonic(), TTL_S + 1) < TTL_S + SLACK_S
        finally:
            admin.update_user(user, {"enabled": True})
