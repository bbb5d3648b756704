"""What a token of the realm says, and what the gateway is told about it."""

import base64

import httpx
import pytest
from ext_authz.jose_header import names_no_algorithm

from tests.support.keycloak import GATEWAY_CLIENT, RunningKeycloak


@pytest.mark.covers("O2", "O12")
def test_metadata_names_the_public_url_as_issuer_and_advertises_the_mcp_scopes(keycloak: RunningKeycloak) -> None:
    metadata = httpx.get(f"{keycloak.issuer}/.well-known/openid-configuration").json()
    assert metadata["issuer"] == keycloak.issuer
    assert metadata["token_endpoint"] == keycloak.endpoint("token")
    assert {"mcp:weather", "mcp:weather:alerts", "mcp:calculator", "mcp:calculator:scientific"} <= set(
        metadata["scopes_supported"]
    )


@pytest.mark.covers("O12")
def test_path_inserted_metadata_is_served_too(keycloak: RunningKeycloak) -> None:
    """RFC 8414 §3.1 puts the well-known part before the issuer's path; SDK clients try that form first."""
    answer = httpx.get(f"{keycloak.url}/.well-known/oauth-authorization-server/realms/mcp-gateway")
    assert answer.json()["issuer"] == keycloak.issuer


@pytest.mark.covers("O17")
def test_offline_access_is_not_advertised_but_may_be_asked_for(keycloak: RunningKeycloak) -> None:
    metadata = httpx.get(f"{keycloak.issuer}/.well-known/openid-configuration").json()
    assert "offline_access" not in metadata["scopes_supported"]
    assert "offline_access" in keycloak.tokens("openid", "mcp:weather", "offline_access").scope.split()


@pytest.mark.covers("O2", "O3", "O4", "O5", "O10", "A2")
def test_code_flow_gives_a_token_that_introspection_describes_in_full(keycloak: RunningKeycloak) -> None:
    answer = keycloak.introspect(keycloak.tokens("openid", "mcp:weather").access_token)
    assert answer["active"] is True
    assert set(answer["aud"]) == {"api-gateway", f"{keycloak.url}/mcp/weather"}
    assert set(answer["scope"].split()) == {"openid", "email", "mcp:weather"}
    assert answer["email"] == "testuser@example.com"
    assert answer["sub"]
    assert (answer["iss"], answer["typ"], answer["token_type"]) == (keycloak.issuer, "Bearer", "Bearer")
    assert (answer["client_id"], answer["username"]) == ("mcp-client", "testuser")


@pytest.mark.covers("O11", "R5")
def test_audience_follows_the_scopes_that_were_asked_for(keycloak: RunningKeycloak) -> None:
    only_calculator = keycloak.introspect(keycloak.tokens("mcp:calculator").access_token)
    both = keycloak.introspect(keycloak.tokens("mcp:calculator", "mcp:weather").access_token)
    assert set(only_calculator["aud"]) == {"api-gateway", f"{keycloak.url}/mcp/calculator"}
    assert set(both["aud"]) == {"api-gateway", f"{keycloak.url}/mcp/calculator", f"{keycloak.url}/mcp/weather"}


@pytest.mark.covers("O10")
def test_token_without_an_mcp_scope_is_inactive_for_the_gateway(keycloak: RunningKeycloak) -> None:
    assert keycloak.introspect(keycloak.tokens("openid").access_token) == {"active": False}


@pytest.mark.covers("S4")
def test_id_and_refresh_tokens_are_inactive_for_the_gateway(keycloak: RunningKeycloak) -> None:
    tokens = keycloak.tokens("openid", "mcp:weather")
    assert tokens.refresh_token
    assert keycloak.introspect(tokens.raw["id_token"]) == {"active": False}
    assert keycloak.introspect(tokens.refresh_token) == {"active": False}
    offline = keycloak.tokens("mcp:weather", "offline_access").refresh_token
    assert offline
    assert keycloak.introspect(offline) == {"active": False}


@pytest.mark.covers("O15")
def test_access_tokens_live_five_minutes(keycloak: RunningKeycloak) -> None:
    assert 0 < keycloak.tokens("mcp:weather").expires_in <= 300


@pytest.mark.covers("O11", "R3")
def test_step_up_adds_a_scope_without_a_second_login(keycloak: RunningKeycloak) -> None:
    with keycloak.http() as http:
        first = keycloak.sign_in(http, ["mcp:weather"])
        second = keycloak.sign_in(http, ["mcp:weather", "mcp:weather:alerts"], user=("nobody", "is asked"))
    assert "mcp:weather:alerts" not in first.scope.split()
    assert "mcp:weather:alerts" in second.scope.split()


@pytest.mark.covers("O15")
def test_refresh_gives_a_new_token_for_the_same_scopes(keycloak: RunningKeycloak) -> None:
    refreshed = refresh(keycloak, keycloak.tokens("mcp:weather").refresh_token)
    answer = keycloak.introspect(refreshed.json()["access_token"])
    assert answer["active"] is True
    assert "mcp:weather" in answer["scope"].split()


@pytest.mark.covers("O15")
def test_refresh_token_that_is_used_twice_ends_the_session(keycloak: RunningKeycloak) -> None:
    """OAuth 2.1 §4.3.1: a public client's refresh tokens are rotated; a second use means that one was stolen."""
    used = keycloak.tokens("mcp:weather").refresh_token
    first, second = refresh(keycloak, used), refresh(keycloak, used)
    assert (second.status_code, second.json()["error"]) == (400, "invalid_grant")
    assert keycloak.introspect(first.json()["access_token"]) == {"active": False}


@pytest.mark.covers("S5")
def test_token_of_a_session_that_was_logged_out_is_inactive(keycloak: RunningKeycloak) -> None:
    tokens = keycloak.tokens("mcp:weather")
    form = {"client_id": "mcp-client", "refresh_token": tokens.refresh_token}
    httpx.post(keycloak.endpoint("logout"), data=form).raise_for_status()
    assert keycloak.introspect(tokens.access_token) == {"active": False}


def refresh(keycloak: RunningKeycloak, refresh_token: str | None) -> httpx.Response:
    form = {"grant_type": "refresh_token", "client_id": "mcp-client", "refresh_token": refresh_token}
    return httpx.post(keycloak.endpoint("token"), data=form)


@pytest.mark.covers("S4", "S18")
def test_keycloak_trips_over_just_the_tokens_that_the_authorizer_does_not_ask_about(keycloak: RunningKeycloak) -> None:
    """When it answers them in good order as well, ``ext_authz.jose_header`` has had its day."""
    endpoint, (name, secret) = keycloak.endpoint("token/introspect"), GATEWAY_CLIENT
    headers = [b"{}", b'{"alg":null}', b"null", b'{"enc":"A256GCM"}', b'{"alg":"XX"}', b'{"kid":[]}', b"[]"]
    answered = {}
    for header in headers:
        token = base64.urlsafe_b64encode(header).rstrip(b"=").decode() + ".e30."
        form = {"client_id": name, "client_secret": secret, "token": token}
        status = httpx.post(endpoint, data=form).status_code
        answered[header] = status
        assert status == 200 or names_no_algorithm(token), header
    assert answered[b"{}"] == 400, "it does so still"
