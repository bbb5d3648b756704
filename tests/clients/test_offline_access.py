"""A client that asks for offline_access gets it if its user agrees, and then needs no session (OpenID Connect §11)."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from gateway.client.authorization import Tokens, authorize
from gateway.client.errors import SignInFailed

from tests.clients.realm import end_sessions
from tests.support.keycloak import TESTUSER, ExactLoginForm
from tests.support.mcp import CALCULATOR, bearer, tool_call
from tests.support.stack import Stack

REALM = "/realms/mcp-gateway"
SCOPES = ("mcp:calculator", "offline_access")


@pytest.fixture
def http(stack: Stack) -> Iterator[httpx.Client]:
    with stack.client() as client:
        yield client


@pytest.fixture
def client_id(http: httpx.Client) -> str:
    body = {"redirect_uris": [ExactLoginForm.redirect_uri], "token_endpoint_auth_method": "none"}
    body |= {"client_name": "Reads at night", "grant_types": ["authorization_code", "refresh_token"]}
    registered = http.post(f"{REALM}/clients-registrations/openid-connect", json=body)
    return str(registered.raise_for_status().json()["client_id"])


def sign_in(
    stack: Stack,
    http: httpx.Client,
    client_id: str,
    *,
    scopes: tuple[str, ...] = SCOPES,
    accept_consent: bool = True,
) -> Tokens:
    form = ExactLoginForm(http, *TESTUSER, origin=stack.url, accept_consent=accept_consent)
    return authorize(http, f"{stack.url}{REALM}", client_id, scopes, form)


def refresh(http: httpx.Client, client_id: str, token: str | None) -> httpx.Response:
    form = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": token}
    return http.post(f"{REALM}/protocol/openid-connect/token", data=form)


def add(http: httpx.Client, tokens: dict[str, Any]) -> int:
    answer = http.post(CALCULATOR, json=tool_call("add", a=1, b=2), headers=bearer(tokens["access_token"]))
    return answer.status_code


@pytest.mark.covers("O13", "O17")
def test_consent_page_names_the_client_and_says_in_words_what_it_asks_for(
    stack: Stack, http: httpx.Client, client_id: str
) -> None:
    with pytest.raises(SignInFailed) as asked:
        sign_in(stack, http, client_id, accept_consent=False)
    for words in ("Use the calculator", "Offline Access", "Email address"):
        assert words in str(asked.value)
    assert "mcp:" not in str(asked.value)
    assert "${" not in str(asked.value)


@pytest.mark.covers("O17")
def test_it_is_not_advertised_so_that_no_client_asks_for_it_by_habit(http: httpx.Client) -> None:
    metadata = http.get(f"/.well-known/oauth-authorization-server{REALM}").json()
    assert "offline_access" not in metadata["scopes_supported"]
    assert "mcp:calculator" in metadata["scopes_supported"]


@pytest.mark.covers("O17", "S5")
def test_offline_token_outlives_a_logout_and_ends_when_it_is_revoked(
    stack: Stack, http: httpx.Client, client_id: str
) -> None:
    tokens = sign_in(stack, http, client_id)
    log_out(http, client_id, sign_in(stack, http, client_id, scopes=SCOPES[:1]))
    after = refresh(http, client_id, tokens.refresh_token)
    assert after.status_code == 200
    assert add(http, after.json()) == 200
    revoked = after.json()["refresh_token"]
    form = {"client_id": client_id, "token": revoked}
    assert http.post(f"{REALM}/protocol/openid-connect/revoke", data=form).status_code == 200
    assert refresh(http, client_id, revoked).json()["error"] == "invalid_grant"


@pytest.mark.covers("O17", "S5")
def test_administrator_who_signs_the_user_out_ends_offline_tokens_as_well(
    stack: Stack, http: httpx.Client, client_id: str
) -> None:
    """Keycloak then takes none that is older than that second."""
    tokens = sign_in(stack, http, client_id)
    issued = time.time()
    while time.time() < issued + 1:
        time.sleep(0.1)
    end_sessions(stack, TESTUSER[0])
    assert refresh(http, client_id, tokens.refresh_token).json()["error"] == "invalid_grant"


def log_out(http: httpx.Client, client_id: str, tokens: Tokens) -> None:
    """Of the session that the browser has, as the user would; nothing of it can be refreshed any more."""
    form = {"client_id": client_id, "refresh_token": tokens.refresh_token}
    assert http.post(f"{REALM}/protocol/openid-connect/logout", data=form).status_code == 204
    assert refresh(http, client_id, tokens.refresh_token).status_code == 400
