"""keycloak/realm-export.json and ext-authz/policy.yaml speak of the same resources and scopes."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
REALM: dict[str, Any] = json.loads((ROOT / "keycloak/realm-export.json").read_text(encoding="utf-8"))
RESOURCES: dict[str, Any] = yaml.safe_load((ROOT / "ext-authz/policy.yaml").read_text(encoding="utf-8"))["resources"]
PUBLIC_URL = "${PUBLIC_URL:https://localhost:8443}"
SCOPES = {scope["name"]: scope for scope in REALM["clientScopes"]}
CLIENTS = {client["clientId"]: client for client in REALM["clients"]}


def paths_by_scope() -> dict[str, str]:
    """Every scope that the policy asks for, with the path of the resource that it opens."""
    found: dict[str, str] = {}
    for resource in RESOURCES.values():
        for scope in [*resource["scopes"], *(s for needed in resource["tools"].values() for s in needed)]:
            found[scope] = resource["path"]
    return found


def mappers(scope: str, kind: str) -> list[dict[str, str]]:
    return [m["config"] for m in SCOPES[scope]["protocolMappers"] if m["protocolMapper"] == kind]


@pytest.mark.covers("O11")
def test_realm_defines_exactly_the_scopes_that_the_policy_asks_for() -> None:
    assert {name for name in SCOPES if name.startswith("mcp:")} == set(paths_by_scope())


@pytest.mark.covers("O10", "O11", "O13")
@pytest.mark.parametrize(("scope", "path"), paths_by_scope().items())
def test_scope_names_the_gateway_its_resource_and_the_email_in_tokens(scope: str, path: str) -> None:
    audiences = [
        m.get("included.client.audience", m.get("included.custom.audience"))
        for m in mappers(scope, "oidc-audience-mapper")
    ]
    assert audiences == ["api-gateway", f"{PUBLIC_URL}{path}"]
    assert [m["claim.name"] for m in mappers(scope, "oidc-usermodel-attribute-mapper")] == ["email"]
    assert all(
        m["access.token.claim"] == m["introspection.token.claim"] == "true"
        for m in (mapper["config"] for mapper in SCOPES[scope]["protocolMappers"])
    )
    assert SCOPES[scope]["attributes"]["include.in.token.scope"] == "true"
    assert SCOPES[scope]["attributes"]["consent.screen.text"]


@pytest.mark.covers("O11", "O13")
def test_clients_known_and_registered_may_ask_for_every_scope_and_get_none_unasked() -> None:
    assert set(paths_by_scope()) <= set(REALM["defaultOptionalClientScopes"])
    for client in (CLIENTS["mcp-client"], CLIENTS["mcp-machine"]):
        assert set(paths_by_scope()) <= set(client["optionalClientScopes"])
        assert not set(paths_by_scope()) & {*REALM["defaultDefaultClientScopes"], *client["defaultClientScopes"]}


@pytest.mark.covers("O13")
def test_scope_that_the_gateway_needs_for_sub_and_email_is_always_given() -> None:
    for given in (REALM["defaultDefaultClientScopes"], CLIENTS["mcp-client"]["defaultClientScopes"]):
        assert {"basic", "email"} <= set(given)
    assert mappers("basic", "oidc-sub-mapper")


@pytest.mark.covers("O3", "O4", "O15")
def test_only_the_code_flow_is_on_for_mcp_client_and_only_the_service_account_for_mcp_machine() -> None:
    flows = ("standardFlowEnabled", "implicitFlowEnabled", "directAccessGrantsEnabled", "serviceAccountsEnabled")
    assert [CLIENTS["mcp-client"][flow] for flow in flows] == [True, False, False, False]
    assert [CLIENTS["api-gateway"][flow] for flow in flows] == [False, False, False, False]
    assert [CLIENTS["mcp-machine"][flow] for flow in flows] == [False, False, False, True]
    assert CLIENTS.keys() == {"mcp-client", "api-gateway", "mcp-machine"}
    assert CLIENTS["mcp-client"]["attributes"]["pkce.code.challenge.method"] == "S256"


@pytest.mark.covers("O2", "O4", "O5", "O12")
def test_realm_has_the_names_and_secrets_that_the_other_parts_expect() -> None:
    assert REALM["realm"] == "mcp-gateway"
    assert REALM["attributes"]["frontendUrl"] == PUBLIC_URL
    assert CLIENTS["api-gateway"]["secret"] == "${KEYCLOAK_CLIENT_SECRET:api-gateway-secret-change-me}"
    assert CLIENTS["mcp-machine"]["secret"] == "${MCP_MACHINE_SECRET:mcp-machine-secret-change-me}"
    (user,) = REALM["users"]
    assert (user["username"], user["credentials"][0]["value"]) == ("testuser", "testpassword123")
    assert user["realmRoles"] == ["default-roles-mcp-gateway"]


@pytest.mark.covers("O4", "O13", "S4")
def test_no_client_can_both_have_registered_itself_and_get_a_token_for_itself() -> None:
    policies = {policy["name"]: policy for policy in REALM["clientPolicies"]["policies"]}
    registering = policies["who-registers-gets-no-secret"]
    acting = policies["no-token-for-a-client-itself-without-a-secret"]
    assert [one["configuration"] for one in registering["conditions"]] == [
        {"update-client-source": ["ByAnonymous", "ByRegistrationAccessToken"]}
    ]
    assert [one["configuration"] for one in acting["conditions"]] == [{"grant_types": ["client_credentials"]}]
    assert authenticators(registering).isdisjoint(authenticators(acting))
    assert authenticators(acting) == {CLIENTS["mcp-machine"]["clientAuthenticatorType"]}


CONDITION_KNOWS = {
    "authorization_code",
    "implicit",
    "refresh_token",
    "password",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
}
"""org.keycloak.services.clientpolicy.condition.GrantTypeCondition and its factory, Keycloak 26.7.3."""


@pytest.mark.covers("O15", "S4")
def test_policies_name_only_grants_that_keycloaks_condition_knows() -> None:
    """It abstains at any other, without a word: to name CIBA or UMA here would look like a refusal, and be none."""
    conditions = [one for policy in REALM["clientPolicies"]["policies"] for one in policy["conditions"]]
    named = [one["configuration"]["grant_types"] for one in conditions if one["condition"] == "grant-type"]
    assert len(named) == 2
    assert {grant for grants in named for grant in grants} <= CONDITION_KNOWS


@pytest.mark.covers("O15", "S4")
def test_the_grants_that_no_policy_can_refuse_are_on_for_no_client() -> None:
    for client in CLIENTS.values():
        assert client.get("attributes", {}).get("oidc.ciba.grant.enabled", "false") == "false"
        assert not client.get("authorizationServicesEnabled", False), "it would hand out UMA's tickets"


def authenticators(policy: dict[str, Any]) -> set[str]:
    """How a client must authenticate for this policy to let it pass."""
    profiles = {profile["name"]: profile for profile in REALM["clientProfiles"]["profiles"]}
    [name] = policy["profiles"]
    [executor] = profiles[name]["executors"]
    assert executor["executor"] == "secure-client-authenticator"
    return set(executor["configuration"]["allowed-client-authenticators"])


@pytest.mark.covers("O13")
def test_every_anonymous_registration_policy_is_listed() -> None:
    """Keycloak adds none of its own to a realm that lists any."""
    (policies,) = REALM["components"].values()
    assert {p["providerId"] for p in policies if p["subType"] == "anonymous"} == {
        "consent-required",
        "scope",
        "max-clients",
        "trusted-hosts",
        "registration-web-origins",
        "allowed-client-templates",
        "allowed-protocol-mappers",
    }
