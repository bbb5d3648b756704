"""docker-compose.yml, the Dockerfiles and the job that hands out files agree with each other (D4, D5, S20)."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from gateway.certificates import ensure_certificates
from gateway.compose.volumes import volumes
from gateway.runner.keycloak_command import start_environment

from tests.support.runner import settings_in
from tests.support.stack import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
BUILT = {"ext-authz": "ext-authz", "mcp-weather": "mcp-weather", "mcp-calculator": "mcp-calculator", "cli": "gateway"}
ONCE = {"certs", "realm", "cli"}


def dockerfile(folder: str) -> str:
    return (ROOT / folder / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.covers("D5", "S20")
@pytest.mark.parametrize(("service", "folder"), BUILT.items())
def test_each_python_image_runs_as_the_user_that_compose_names(service: str, folder: str) -> None:
    assert SERVICES[service]["user"] in re.findall(r"^USER (\S+)$", dockerfile(folder), re.MULTILINE)


@pytest.mark.covers("D5")
@pytest.mark.parametrize("folder", sorted({*BUILT.values(), "keycloak"}))
def test_each_image_is_made_in_stages_from_a_pinned_image_that_can_be_overridden(folder: str) -> None:
    text = dockerfile(folder)
    [default] = re.findall(r"^ARG \w+_IMAGE=(\S+)$", text, re.MULTILINE)
    assert not default.endswith(":latest")
    assert len(re.findall(r"^FROM \$\{\w+_IMAGE\}", text, re.MULTILINE)) == 2
    assert default in (ROOT / "docker-compose.yml").read_text(encoding="utf-8")


@pytest.mark.covers("D5")
@pytest.mark.parametrize("folder", sorted(BUILT.values()))
def test_each_python_image_takes_its_own_packages_from_the_lock_file(folder: str) -> None:
    text = dockerfile(folder)
    name = "mcp-gateway" if folder == "gateway" else folder
    assert len(re.findall(rf"uv sync --frozen --no-dev --package {name} ", text)) == 2


@pytest.mark.covers("S20")
def test_the_files_are_handed_to_the_users_that_read_them(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, public_host="localhost", tell=lambda _: None)
    mounted = {name: f"{name}-files" for name in ("envoy", "keycloak", "ext-authz", "mcp-weather")} | {
        "cli": "client-files"
    }
    owners = {
        f"{volume.name}-files": volume.owner for volume in volumes(tmp_path, ROOT, "https://localhost", ipv6=True)
    }
    users = {mounted[name]: int(SERVICES[name]["user"].split(":")[0]) for name in mounted}
    assert owners == users
    assert {f"{volume}:/volumes/{volume.removesuffix('-files')}" for volume in owners} <= set(
        SERVICES["certs"]["volumes"]
    )


@pytest.mark.covers("S20", "D4")
@pytest.mark.parametrize("service", SERVICES)
def test_no_service_may_do_more_than_it_must(service: str) -> None:
    asked = SERVICES[service]
    assert asked["read_only"] is True
    assert asked["cap_drop"] == ["ALL"]
    assert asked["security_opt"] == ["no-new-privileges:true"]
    assert asked["mem_limit"]
    assert asked["pids_limit"]
    assert not asked.get("privileged")
    assert ("cap_add" in asked) == (service == "certs")
    assert asked["user"] != "0:0" or service == "certs"
    assert asked.get("restart") == "unless-stopped" or service in ONCE


@pytest.mark.covers("S11", "D4")
def test_each_internal_network_is_one_hop() -> None:
    members: dict[str, set[str]] = {name: set() for name in COMPOSE["networks"]}
    for service, asked in SERVICES.items():
        for network in asked.get("networks", []):
            members[network].add(service)
    internal = {name for name, options in COMPOSE["networks"].items() if options.get("internal")}
    assert {name: len(members[name]) for name in internal} == dict.fromkeys(internal, 2)
    assert {name: len(members[name]) for name in set(members) - internal} == dict.fromkeys(set(members) - internal, 1)


@pytest.mark.covers("D4")
def test_health_orders_the_start() -> None:
    waits = {name: asked["condition"] for name, asked in SERVICES["envoy"]["depends_on"].items()}
    assert waits == {
        "certs": "service_completed_successfully",
        "realm": "service_completed_successfully",
        "ext-authz": "service_healthy",
        "mcp-weather": "service_healthy",
        "mcp-calculator": "service_healthy",
    }
    assert SERVICES["realm"]["depends_on"] == {"keycloak": {"condition": "service_healthy"}}
    assert {name for name, asked in SERVICES.items() if "healthcheck" in asked} == {
        *("ext-authz", "keycloak", "mcp-weather", "mcp-calculator")
    }


def test_no_key_and_no_certificate_gets_to_the_builder() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[1] == "*"
    assert not [line for line in ignored if line.startswith("!certs")]


@pytest.mark.parametrize("variable", sorted(set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))))
def test_the_paper_names_every_variable(variable: str) -> None:
    assert f"`{variable}`" in (ROOT / "docs/compose.md").read_text(encoding="utf-8")


@pytest.mark.covers("F6")
def test_keycloak_writes_what_it_confirms_natively_and_in_its_image() -> None:
    """H2 would otherwise write half a second later, and lose a session that has just begun when Keycloak is killed."""
    native = start_environment(settings_in(ROOT))["KC_DB_URL_PROPERTIES"]
    assert native == ";WRITE_DELAY=0"
    assert f'\nENV KC_DB_URL_PROPERTIES="{native}"\n' in dockerfile("keycloak").partition("FROM ${KEYCLOAK_IMAGE}\n")[2]
    assert "KC_DB_URL_PROPERTIES" not in SERVICES["keycloak"]["environment"], "it would go over the image's"
