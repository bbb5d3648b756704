"""What whoever finds the registration endpoint can do with it (RFC 7591), and what not."""

import httpx
import pytest
from gateway.client.errors import SignInFailed

from tests.support.keycloak import ExactLoginForm, RunningKeycloak


@pytest.mark.covers("O13")
def test_registered_client_completes_the_flow_with_consent_and_can_step_up(keycloak: RunningKeycloak) -> None:
    client_id = keycloak.register().json()["client_id"]
    with keycloak.http() as http:
        first = keycloak.sign_in(http, ["openid", "mcp:weather"], client_id=client_id, accept_consent=True)
        scopes = ["openid", "mcp:weather", "mcp:weather:alerts"]
        second = keycloak.sign_in(http, scopes, client_id=client_id, accept_consent=True)
    answer = keycloak.introspect(first.access_token)
    assert set(answer["aud"]) == {"api-gateway", f"{keycloak.url}/mcp/weather"}
    assert answer["email"] == "testuser@example.com"
    assert "realm_access" not in answer
    assert "mcp:weather:alerts" in second.scope.split()


@pytest.mark.covers("O13")
def test_consent_is_not_given_by_a_program_that_was_not_told_to(keycloak: RunningKeycloak) -> None:
    client_id = keycloak.register().json()["client_id"]
    with pytest.raises(SignInFailed, match="asks for consent") as refused:
        keycloak.tokens("openid", "mcp:weather", client_id=client_id)
    assert "See weather forecasts and the UV index" in str(refused.value)
    assert "Email address" in str(refused.value)


@pytest.mark.covers("O13", "O15")
def test_registered_client_must_use_pkce(keycloak: RunningKeycloak) -> None:
    client_id = keycloak.register().json()["client_id"]
    parameters = {"client_id": client_id, "response_type": "code", "redirect_uri": ExactLoginForm.redirect_uri}
    answer = httpx.get(keycloak.endpoint("auth"), params=parameters)
    assert "error=invalid_request" in answer.headers["location"]


@pytest.mark.covers("O13", "O14")
@pytest.mark.parametrize(
    "uri",
    [
        "http://[::1]:22/callback",
        "https://vscode.dev/redirect",
        "https://claude.ai/api/mcp/auth_callback",
        "cursor://anysphere.cursor-mcp/oauth/callback",
    ],
)
def test_known_clients_can_register_their_callback(keycloak: RunningKeycloak, uri: str) -> None:
    assert keycloak.register(redirect_uris=[uri]).status_code == 201


@pytest.mark.covers("O13")
def test_one_foreign_callback_refuses_the_whole_registration(keycloak: RunningKeycloak) -> None:
    uris = [ExactLoginForm.redirect_uri, "https://evil.example/callback"]
    assert keycloak.register(redirect_uris=uris).status_code == 403


@pytest.mark.covers("O13", "R7")
@pytest.mark.parametrize(("origin", "status"), [("http://localhost:6274", 201), ("http://evil.example", 403)])
def test_browsers_may_register_from_the_inspector_only(keycloak: RunningKeycloak, origin: str, status: int) -> None:
    url = f"{keycloak.issuer}/clients-registrations/openid-connect"
    body = {"redirect_uris": [ExactLoginForm.redirect_uri], "token_endpoint_auth_method": "none"}
    answer = httpx.post(url, json=body, headers={"Origin": origin})
    assert answer.status_code == status


@pytest.mark.covers("O13", "S4")
def test_registered_client_gets_no_token_without_a_person(keycloak: RunningKeycloak) -> None:
    """Otherwise anybody could register a client for client_credentials and hold a good token a moment later."""
    client = keycloak.register(grant_types=["client_credentials"]).json()
    form = {"grant_type": "client_credentials", "scope": "mcp:weather", "client_id": client["client_id"]}
    answer = httpx.post(keycloak.endpoint("token"), data=form)
    assert answer.status_code in {400, 401}
    assert "access_token" not in answer.text


@pytest.mark.covers("O13", "S4")
def test_registered_client_cannot_bring_claims_of_its_own(keycloak: RunningKeycloak) -> None:
    """Keycloak's own registration format takes protocol mappers, which could write another's e-mail into a token."""
    config = {"user.attribute": "locale", "claim.name": "email", "access.token.claim": "true"}
    mapper = {"name": "m", "protocol": "openid-connect", "protocolMapper": "oidc-usermodel-attribute-mapper"}
    body = {"clientId": "crafted", "redirectUris": [], "protocolMappers": [{**mapper, "config": config}]}
    answer = httpx.post(f"{keycloak.issuer}/clients-registrations/default", json=body)
    assert answer.status_code == 403


@pytest.mark.covers("O10")
def test_registered_client_learns_nothing_by_introspection(keycloak: RunningKeycloak) -> None:
    form = {"token": keycloak.tokens("mcp:weather").access_token, "client_id": keycloak.register().json()["client_id"]}
    answer = httpx.post(keycloak.endpoint("token/introspect"), data=form)
    assert answer.status_code in {401, 403}
    assert "active" not in answer.json()
