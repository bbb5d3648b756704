"""Envoy's routes, the policy and the realm speak of the same resources."""

import json

import pytest

from tests.support.stack import ROOT
from tests.support.topology import EXT_AUTHZ, clusters, policy, routes


@pytest.mark.covers("G4", "G8", "K4")
def test_each_resource_of_the_policy_has_the_route_that_carries_its_name() -> None:
    routed = {}
    for route in routes():
        settings = route.get("typed_per_filter_config", {}).get(EXT_AUTHZ, {}).get("check_settings")
        if settings:
            routed[settings["context_extensions"]["resource"]] = route["match"]["path_separated_prefix"]
    assert routed == {name: resource["path"] for name, resource in policy()["resources"].items()}


@pytest.mark.covers("G8")
def test_every_route_leads_to_a_cluster_that_exists() -> None:
    named = {route["route"]["cluster"] for route in routes() if "route" in route}
    assert named <= set(clusters())


@pytest.mark.covers("G8", "O2")
def test_realm_routes_name_the_realm_that_is_imported() -> None:
    realm = json.loads((ROOT / "keycloak/realm-export.json").read_text())["realm"]
    for route in routes():
        match = json.dumps(route["match"])
        if "/realms/" in match:
            assert f"/realms/{realm}" in match
