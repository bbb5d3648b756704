"""The client that gets a token for itself, and all the others that do not."""

from typing import Any

import httpx
import pytest
from gateway.keycloak import reconcile_realm
from gateway.policy import Resource, parse_policy

from tests.support.keycloak import ROOT, RunningKeycloak

MACHINE = ("mcp-machine", "mcp-machine-secret-change-me")
RESOURCES = parse_policy((ROOT / "ext-authz/policy.yaml").read_text(encoding="utf-8"))
NOTES = Resource("notes", "Notes", "/mcp/notes", ("mcp:notes",), {"read": ()})
GRANTS_OF_NOBODY = (
    "password",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "urn:ietf:params:oauth:grant-type:device_code",
)


def ask(keycloak: RunningKeycloak, client: tuple[str, str] = MACHINE, **form: str) -> httpx.Response:
    whole = {"grant_type": "client_credentials", "scope": "mcp:weather"} | form
    return httpx.post(keycloak.endpoint("token"), data=whole, auth=client)


def reconcile(keycloak: RunningKeycloak, **changed: Any) -> list[str]:
    arguments = {"public_url": keycloak.url, "resources": RESOURCES} | changed
    return reconcile_realm(keycloak_url=keycloak.url, admin_user="admin", admin_password=keycloak.password, **arguments)


@pytest.mark.covers("O10", "O11")
def test_its_token_is_for_the_resource_that_it_asked_for_and_names_its_account_without_an_email(
    keycloak: RunningKeycloak,
) -> None:
    answer = ask(keycloak)
    assert answer.status_code == 200, answer.text
    assert "refresh_token" not in answer.json()
    said = keycloak.introspect(answer.json()["access_token"])
    assert set(said["aud"]) == {"api-gateway", f"{keycloak.url}/mcp/weather"}
    assert said["sub"] == keycloak.admin().get_user_id("service-account-mcp-machine")
    assert "email" not in said
    assert "realm_access" not in said
    assert said["scope"].split() == ["mcp:weather"]


@pytest.mark.covers("O4", "S4")
def test_a_wrong_secret_is_refused(keycloak: RunningKeycloak) -> None:
    assert ask(keycloak, (MACHINE[0], "wrong")).status_code == 401


@pytest.mark.covers("O13", "S4")
@pytest.mark.parametrize(
    "method", ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"]
)
def test_a_client_that_would_authenticate_cannot_register_itself(keycloak: RunningKeycloak, method: str | None) -> None:
    answer = keycloak.register(token_endpoint_auth_method=method)
    assert answer.status_code in {400, 403}
    assert "invalid_client_metadata" in answer.text
    assert "client_id" not in answer.json()


@pytest.mark.covers("O13", "S4")
def test_nor_can_it_by_keycloaks_own_format(keycloak: RunningKeycloak) -> None:
    """There the registering party may write what it likes, "none" for a client that has a secret included."""
    body = {"redirectUris": [], "publicClient": False, "serviceAccountsEnabled": True, "secret": "chosen"}
    endpoint = f"{keycloak.issuer}/clients-registrations/default"
    for kind in ("client-secret", "client-jwt", "client-x509", None):
        refused = httpx.post(endpoint, json={**body, "clientId": f"crafted-{kind}", "clientAuthenticatorType": kind})
        assert refused.status_code == 403, kind
    httpx.post(endpoint, json={**body, "clientId": "crafted", "clientAuthenticatorType": "none"})
    assert "access_token" not in ask(keycloak, ("crafted", "chosen")).text


@pytest.mark.covers("O13", "S4")
def test_a_registered_client_cannot_give_itself_a_secret_later(keycloak: RunningKeycloak) -> None:
    client = keycloak.register().json()
    change = {**client, "token_endpoint_auth_method": "client_secret_basic", "grant_types": ["client_credentials"]}
    bearer = {"Authorization": f"Bearer {change.pop('registration_access_token')}"}
    assert httpx.put(client["registration_client_uri"], json=change, headers=bearer).status_code == 403


@pytest.mark.covers("O13", "S4")
def test_a_registered_client_gets_no_token_for_itself_even_with_a_service_account(keycloak: RunningKeycloak) -> None:
    client = keycloak.register().json()["client_id"]
    admin = keycloak.admin()
    uuid = admin.get_client_id(client)
    assert uuid
    admin.update_client(uuid, {"publicClient": False, "serviceAccountsEnabled": True, "secret": "of my own"})
    answer = ask(keycloak, (client, "of my own"))
    assert answer.status_code in {400, 401}
    assert "access_token" not in answer.text


@pytest.mark.covers("O4", "S4")
@pytest.mark.parametrize("grant", GRANTS_OF_NOBODY)
def test_the_machine_gets_nothing_by_another_grant(keycloak: RunningKeycloak, grant: str) -> None:
    user = {"username": "testuser", "password": "testpassword123", "device_code": "x", "subject_token": "x"}
    answer = ask(keycloak, MACHINE, grant_type=grant, **user)
    assert answer.status_code in {400, 401, 403}
    assert "access_token" not in answer.text


@pytest.mark.covers("O13")
def test_it_may_ask_for_the_scopes_of_a_server_that_is_added_later(keycloak: RunningKeycloak) -> None:
    assert ask(keycloak, scope="mcp:notes").json()["error"] == "invalid_scope"
    reconcile(keycloak, resources={**RESOURCES, "notes": NOTES})
    try:
        token = ask(keycloak, scope="mcp:notes").json()["access_token"]
        assert set(keycloak.introspect(token)["aud"]) == {"api-gateway", f"{keycloak.url}/mcp/notes"}
    finally:
        reconcile(keycloak)


@pytest.mark.covers("F10")
def test_it_takes_another_secret(keycloak: RunningKeycloak) -> None:
    try:
        assert reconcile(keycloak, client_secrets={MACHINE[0]: "of my own"}) == ["mcp-machine has another secret"]
        assert ask(keycloak, (MACHINE[0], "of my own")).status_code == 200
        assert ask(keycloak).status_code == 401
        assert reconcile(keycloak) == []
        assert ask(keycloak, (MACHINE[0], "of my own")).status_code == 200
    finally:
        reconcile(keycloak, client_secrets=dict([MACHINE]))
