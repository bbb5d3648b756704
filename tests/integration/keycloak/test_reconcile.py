"""A later start with another public URL: the realm follows, and nothing else in it changes."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from gateway.keycloak import AdminRefused, KeycloakUnavailable, reconcile_realm
from gateway.policy import parse_policy

from tests.support.keycloak import GATEWAY_CLIENT, ROOT, RunningKeycloak

ELSEWHERE = "https://gateway.example:8443"
RESOURCES = parse_policy((ROOT / "ext-authz/policy.yaml").read_text(encoding="utf-8"))


def reconcile(keycloak: RunningKeycloak, public_url: str, **changed: Any) -> list[str]:
    arguments = {"keycloak_url": keycloak.url, "admin_user": "admin", "admin_password": keycloak.password}
    return reconcile_realm(**(arguments | changed), public_url=public_url, resources=RESOURCES)


@pytest.fixture
def moved(keycloak: RunningKeycloak) -> Iterator[list[str]]:
    """The realm at another public URL, and what was changed for it; back where it was afterwards."""
    yield reconcile(keycloak, ELSEWHERE)
    reconcile(keycloak, keycloak.url)


def exported(keycloak: RunningKeycloak) -> dict[str, Any]:
    """Everything an administrator can see of the realm."""
    whole: dict[str, Any] = keycloak.admin().export_realm(export_clients=True, export_groups_and_role=True)
    return whole


@pytest.mark.covers("O12")
def test_fresh_import_needs_no_change(keycloak: RunningKeycloak) -> None:
    assert reconcile(keycloak, keycloak.url, client_secrets=dict([GATEWAY_CLIENT])) == []


@pytest.mark.covers("F10")
def test_realm_takes_another_client_secret(keycloak: RunningKeycloak) -> None:
    token = keycloak.tokens("mcp:weather").access_token
    endpoint, name = keycloak.endpoint("token/introspect"), GATEWAY_CLIENT[0]
    before = exported(keycloak)
    try:
        assert reconcile(keycloak, keycloak.url, client_secrets={name: "another one"}) == [f"{name} has another secret"]
        assert httpx.post(endpoint, data={"token": token}, auth=(name, "another one")).json()["active"] is True
        assert httpx.post(endpoint, data={"token": token}, auth=GATEWAY_CLIENT).status_code == 401
    finally:
        reconcile(keycloak, keycloak.url, client_secrets=dict([GATEWAY_CLIENT]))
    assert keycloak.introspect(token)["active"] is True
    # The realm's own client policy adds this one to any client that is saved
    assert differing(before, exported(keycloak)) <= {"pkce.code.challenge.method"}


@pytest.mark.covers("O12")
def test_issuer_and_audiences_follow_the_public_url(keycloak: RunningKeycloak, moved: list[str]) -> None:
    metadata = httpx.get(f"{keycloak.issuer}/.well-known/openid-configuration").json()
    assert metadata["issuer"] == f"{ELSEWHERE}/realms/mcp-gateway"
    realm = json.dumps(exported(keycloak))
    assert f"{ELSEWHERE}/mcp/weather" in realm
    assert f'"{keycloak.url}' not in realm
    assert len(moved) == 7


@pytest.mark.covers("O12")
@pytest.mark.usefixtures("moved")
def test_second_run_changes_nothing(keycloak: RunningKeycloak) -> None:
    assert reconcile(keycloak, ELSEWHERE) == []


@pytest.mark.covers("O12")
def test_there_and_back_leaves_the_realm_as_it_was(keycloak: RunningKeycloak) -> None:
    # As a user would have edited it: an address that only begins like the gateway's must stay as it is.
    uris = [f"{keycloak.url}/app", f"{keycloak.url}0/app"]
    keycloak.admin().create_client({"clientId": "by-hand", "description": "a user's own", "redirectUris": uris})
    before = exported(keycloak)
    reconcile(keycloak, ELSEWHERE)
    reconcile(keycloak, keycloak.url)
    assert in_order(exported(keycloak)) == in_order(before)
    assert keycloak.introspect(keycloak.tokens("mcp:weather").access_token)["active"] is True


@pytest.mark.covers("O12")
def test_wrong_administrators_password_is_told_with_its_setting(keycloak: RunningKeycloak) -> None:
    with pytest.raises(AdminRefused, match="KC_BOOTSTRAP_ADMIN_PASSWORD"):
        reconcile(keycloak, ELSEWHERE, admin_password="wrong")


def test_keycloak_that_does_not_answer_is_told_with_its_address(keycloak: RunningKeycloak) -> None:
    with pytest.raises(KeycloakUnavailable, match=r"http://127\.0\.0\.1:1"):
        reconcile(keycloak, ELSEWHERE, keycloak_url="http://127.0.0.1:1")


def differing(one: Any, other: Any, name: str = "") -> set[str]:
    """The names of the members that are not the same in both."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {found for key in {*one, *other} for found in differing(one.get(key), other.get(key), key)}
    one, other = in_order(one), in_order(other)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return {found for pair in zip(one, other, strict=True) for found in differing(*pair, name)}
    return set() if one == other else {name}


def in_order(value: Any) -> Any:
    """The same value with every list sorted; Keycloak's lists have no order of their own."""
    if isinstance(value, dict):
        return {key: in_order(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return sorted((in_order(inner) for inner in value), key=lambda inner: json.dumps(inner, sort_keys=True))
    return value
