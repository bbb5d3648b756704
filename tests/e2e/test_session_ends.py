"""A session through the door, from sign-in to its end: what the realm says to a client, and the gateway afterwards."""

import time
from typing import Any

import httpx
import pytest
from gateway.client.authorization import Tokens, authorize
from gateway.client.login_form import LoginForm
from keycloak import KeycloakAdmin

from tests.support.keycloak import TESTUSER
from tests.support.mcp import WEATHER, bearer, method_call
from tests.support.stack import Stack

REALM = "/realms/mcp-gateway/protocol/openid-connect"
TOOLS_LIST = method_call("tools/list")
BOUND_S = 15  # INTROSPECTION_TTL_SECONDS is 5; the rest is for a machine that does other things as well


def sign_in(stack: Stack, *scopes: str, **options: Any) -> Tokens:
    with stack.client(**options) as http:
        form = LoginForm(http, *TESTUSER, origin=stack.url, accept_consent=False)
        return authorize(http, f"{stack.url}/realms/mcp-gateway", "mcp-client", scopes, form)


def refresh(client: httpx.Client, refresh_token: object) -> httpx.Response:
    form = {"grant_type": "refresh_token", "client_id": "mcp-client", "refresh_token": refresh_token}
    return client.post(f"{REALM}/token", data=form)


def status(client: httpx.Client, token: str) -> int:
    return client.post(WEATHER, json=TOOLS_LIST, headers=bearer(token)).status_code


def refused(client: httpx.Client, token: str) -> httpx.Response:
    """The first answer that is not 200, within the stated bound."""
    deadline = time.monotonic() + BOUND_S
    while (answer := client.post(WEATHER, json=TOOLS_LIST, headers=bearer(token))).status_code == 200:
        assert time.monotonic() < deadline, f"the token still works after {BOUND_S} s"
        time.sleep(0.1)  # between two requests
    return answer


@pytest.mark.covers("O12", "O15", "R9")
def test_a_refresh_gives_new_tokens_and_the_old_refresh_token_ends_the_session(stack: Stack) -> None:
    """OAuth 2.1 section 4.3.1: a refresh token that is used twice was stolen from somebody."""
    first = sign_in(stack, "mcp:weather")
    with stack.client() as client:
        second = refresh(client, first.refresh_token).json()
        assert second["refresh_token"] != first.refresh_token
        assert status(client, second["access_token"]) == 200
        again = refresh(client, first.refresh_token)
        assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
        assert refresh(client, second["refresh_token"]).status_code == 400


@pytest.mark.covers("R2", "O12", "S5")
def test_after_a_logout_the_client_is_told_to_sign_in_again_and_for_which_scope(stack: Stack) -> None:
    tokens = sign_in(stack, "openid", "mcp:weather")
    with stack.client() as client:
        assert status(client, tokens.access_token) == 200
        after = {"id_token_hint": tokens.raw["id_token"], "post_logout_redirect_uri": "http://127.0.0.1/callback"}
        logout = client.get(f"{REALM}/logout", params=after)
        assert (logout.status_code, logout.headers["location"]) == (302, "http://127.0.0.1/callback")
        answer = refused(client, tokens.access_token)
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        assert 'scope="mcp:weather"' in answer.headers["www-authenticate"]
        assert refresh(client, tokens.refresh_token).json()["error"] == "invalid_grant"


@pytest.mark.covers("O17")
def test_an_offline_token_outlives_the_logout_and_ends_when_it_is_given_back(stack: Stack) -> None:
    tokens = sign_in(stack, "openid", "mcp:weather", "offline_access")
    with stack.client() as client:
        after = {"id_token_hint": tokens.raw["id_token"], "post_logout_redirect_uri": "http://127.0.0.1/callback"}
        assert client.get(f"{REALM}/logout", params=after).status_code == 302
        kept = refresh(client, tokens.refresh_token).json()
        assert status(client, kept["access_token"]) == 200
        revoked = {"client_id": "mcp-client", "token": kept["refresh_token"]}
        assert client.post(f"{REALM}/revoke", data=revoked).status_code == 200
        assert refresh(client, kept["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.mark.native(
    "Docker hands a client on from the bridge's address, and the administrator's port is this machine's"
)
@pytest.mark.covers("S7")
def test_keycloak_is_told_the_clients_address_and_believes_no_other(stack: Stack) -> None:
    """For its events, and for whoever reads them after an attack."""
    transport = httpx.HTTPTransport(verify=stack.ca, local_address="127.0.0.21")
    forged = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "X-Forwarded-Host": "evil.example"}
    sign_in(stack, "mcp:weather", transport=transport, headers=forged)
    url = f"http://localhost:{stack.settings.keycloak_port}"
    password = stack.settings.kc_bootstrap_admin_password.get_secret_value()
    admin = KeycloakAdmin(
        server_url=url, username="admin", password=password, realm_name="mcp-gateway", user_realm_name="master"
    )
    [event] = admin.get_events({"type": "LOGIN", "max": 1})
    assert event["ipAddress"] == "127.0.0.21"


@pytest.mark.native("Keycloak's own port is asked, which is this machine's")
@pytest.mark.covers("O1", "O12", "S7")
@pytest.mark.parametrize("realm", ["master", "mcp-gateway"])
def test_forwarding_headers_at_keycloaks_own_port_change_no_address_in_its_answers(stack: Stack, realm: str) -> None:
    url = f"http://localhost:{stack.settings.keycloak_port}/realms/{realm}/.well-known/openid-configuration"
    tricks = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Port": "99", "X-Forwarded-Proto": "https"}
    assert httpx.get(url, headers=tricks).json() == httpx.get(url).json()
