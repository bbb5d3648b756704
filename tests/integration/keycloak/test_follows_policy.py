"""A policy with another server in it: the realm gains its scopes, and loses them again with it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from gateway.keycloak import reconcile_realm
from gateway.policy import Resource, parse_policy

from tests.support.keycloak import ROOT, RunningKeycloak

RESOURCES = parse_policy((ROOT / "ext-authz/policy.yaml").read_text(encoding="utf-8"))
NOTES = Resource("notes", "Notes", "/mcp/notes", ("mcp:notes",), {"read": (), "write": ("mcp:notes:write",)})


def reconcile(keycloak: RunningKeycloak, resources: dict[str, Resource]) -> list[str]:
    return reconcile_realm(
        keycloak_url=keycloak.url,
        admin_user="admin",
        admin_password=keycloak.password,
        public_url=keycloak.url,
        resources=resources,
    )


def scopes(keycloak: RunningKeycloak) -> dict[str, dict[str, Any]]:
    return {scope["name"]: scope for scope in keycloak.admin().get_client_scopes()}


@pytest.fixture
def with_notes(keycloak: RunningKeycloak) -> Iterator[list[str]]:
    """The realm after the server was added, and what was changed for it."""
    yield reconcile(keycloak, {**RESOURCES, "notes": NOTES})
    reconcile(keycloak, RESOURCES)


@pytest.mark.covers("O10", "O11")
def test_a_token_for_the_new_server_is_good_for_it_alone(keycloak: RunningKeycloak, with_notes: list[str]) -> None:
    said = keycloak.introspect(keycloak.tokens("mcp:notes", "mcp:notes:write").access_token)
    assert said["active"]
    assert set(said["aud"]) == {"api-gateway", f"{keycloak.url}/mcp/notes"}
    assert said["email"] == "testuser@example.com"
    assert len(with_notes) == 2


@pytest.mark.covers("O11")
@pytest.mark.usefixtures("with_notes")
def test_the_new_scopes_are_as_those_that_were_imported(keycloak: RunningKeycloak) -> None:
    found = scopes(keycloak)
    imported, made = found["mcp:calculator:scientific"], found["mcp:notes:write"]
    assert made["attributes"].keys() == imported["attributes"].keys()

    def mappers(scope: dict[str, Any]) -> list[Any]:
        shown = [{k: v for k, v in mapper.items() if k != "id"} for mapper in scope["protocolMappers"]]
        return sorted(
            (json.loads(json.dumps(m).replace("calculator", "notes")) for m in shown), key=lambda m: m["name"]
        )

    assert mappers(made) == mappers(imported)


@pytest.mark.covers("O13")
def test_a_client_that_registered_before_may_ask_for_the_new_server(keycloak: RunningKeycloak) -> None:
    client = keycloak.register().raise_for_status().json()["client_id"]
    reconcile(keycloak, {**RESOURCES, "notes": NOTES})
    try:
        (found,) = [one for one in keycloak.admin().get_clients() if one["clientId"] == client]
        assert "mcp:notes" in found["optionalClientScopes"]
    finally:
        reconcile(keycloak, RESOURCES)


def test_without_the_server_the_realm_is_as_it_was(keycloak: RunningKeycloak) -> None:
    before = set(scopes(keycloak))
    reconcile(keycloak, {**RESOURCES, "notes": NOTES})
    assert set(scopes(keycloak)) == before | {"mcp:notes", "mcp:notes:write"}
    assert len(reconcile(keycloak, RESOURCES)) == 2
    assert set(scopes(keycloak)) == before
    assert reconcile(keycloak, RESOURCES) == []
