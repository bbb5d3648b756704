"""Clients that strangers registered go again, and those that somebody signed in with stay."""

import time
from typing import Any

import pytest
from gateway.keycloak.prune import prune_clients
from gateway.keycloak.pruning import CROWDED, DAY, HOUR, IDLE_FOR

from tests.support.keycloak import ExactLoginForm, RunningKeycloak

NOW = int(time.time())


def prune(keycloak: RunningKeycloak, later: int) -> int:
    return prune_clients(
        keycloak_url=keycloak.url, admin_user="admin", admin_password=keycloak.password, now=NOW + later
    )


def clients(keycloak: RunningKeycloak) -> dict[str, dict[str, Any]]:
    return {client["clientId"]: client for client in keycloak.admin().get_clients()}


@pytest.mark.covers("O13")
def test_a_client_that_nobody_signs_in_with_goes_after_a_day_and_one_in_use_stays(keycloak: RunningKeycloak) -> None:
    before = clients(keycloak)
    unused, used = (str(keycloak.register().json()["client_id"]) for _ in range(2))
    with keycloak.http() as http:
        tokens = keycloak.sign_in(http, ["mcp:weather"], client_id=used, accept_consent=True)
    ours = {name for name in before if name != before[name]["id"]}
    for later in (0, DAY):
        prune(keycloak, later)
        assert {unused, used} <= clients(keycloak).keys()
    assert prune(keycloak, DAY + 60) >= 1
    after = clients(keycloak)
    assert unused not in after
    assert used in after
    assert ours <= after.keys()
    assert keycloak.introspect(tokens.access_token)["active"] is True


@pytest.mark.covers("O13")
def test_a_client_that_was_used_stays_for_months_after_its_session_ended(keycloak: RunningKeycloak) -> None:
    used = str(keycloak.register().json()["client_id"])
    with keycloak.http() as http:
        keycloak.sign_in(http, ["mcp:weather"], client_id=used, accept_consent=True)
    keycloak.admin().user_logout(keycloak.admin().get_user_id("testuser") or "")
    for later in (0, IDLE_FOR - DAY):
        prune(keycloak, later)
        assert used in clients(keycloak)
    prune(keycloak, IDLE_FOR + DAY)
    assert used not in clients(keycloak)


@pytest.mark.covers("O13")
def test_one_who_fills_the_realm_with_clients_locks_others_out_for_an_hour_and_not_for_a_day(
    keycloak: RunningKeycloak,
) -> None:
    """And a second look within that hour removes nothing of what came meanwhile."""
    while keycloak.register().status_code == 201:
        pass
    assert keycloak.register().status_code == 403
    prune(keycloak, 0)
    assert prune(keycloak, HOUR - 60) == 0
    assert prune(keycloak, HOUR + 60) > CROWDED
    assert keycloak.register().status_code == 201


def test_a_client_that_an_administrator_made_is_never_removed(keycloak: RunningKeycloak) -> None:
    keycloak.admin().create_client({"clientId": "made-by-hand", "redirectUris": [ExactLoginForm.redirect_uri]})
    for later in (0, 2 * IDLE_FOR):
        prune(keycloak, later)
    assert {"made-by-hand", "mcp-client", "mcp-machine", "api-gateway"} <= clients(keycloak).keys()
