"""KEYCLOAK_URL: another Keycloak takes the place of the gateway's own."""

from pathlib import Path
from typing import Any

import pytest
from gateway.runner.errors import BadSetting
from gateway.runner.ports import wanted_ports
from gateway.runner.published import refuse_published
from gateway.runner.realm import follow_where_allowed
from gateway.runner.stack import native_stack
from gateway.runner.topology import render
from gateway.settings import Settings
from pydantic import ValidationError

ROOT = Path(__file__).resolve().parents[3]
ELSEWHERE = "http://keycloak.internal:8180"


def settings(**more: Any) -> Settings:
    return Settings(home=ROOT, **{"keycloak_url": ELSEWHERE, **more})


def test_no_keycloak_is_started_and_none_of_its_ports_is_wanted() -> None:
    assert "keycloak" not in {component.name for component in native_stack(settings()).components}
    assert not [wanted.setting for wanted in wanted_ports(settings()) if wanted.setting.startswith("keycloak")]


def test_envoy_and_the_authorizer_are_led_there() -> None:
    clusters = {c["name"]: c for c in render(settings()).bootstrap["static_resources"]["clusters"]}
    [host] = clusters["keycloak"]["load_assignment"]["endpoints"][0]["lb_endpoints"]
    assert host["endpoint"]["address"]["socket_address"] == {"address": "keycloak.internal", "port_value": 8180}
    authorizer = native_stack(settings()).components[0]
    assert authorizer.environment["KEYCLOAK_URL"] == ELSEWHERE


async def test_its_realm_is_left_alone_until_an_administrator_is_named(tmp_path: Path) -> None:
    said: list[str] = []

    def reconcile(*_: object) -> list[str]:
        raise AssertionError("the realm was touched")

    await follow_where_allowed(settings(state_dir=tmp_path), said.append, reconcile=reconcile)
    assert said == [f"the realm at {ELSEWHERE} is left as it is (KC_BOOTSTRAP_ADMIN_PASSWORD is not set)"]


async def test_its_realm_follows_with_an_administrator(tmp_path: Path) -> None:
    known = settings(state_dir=tmp_path, kc_bootstrap_admin_password="not the published one")
    said: list[str] = []
    await follow_where_allowed(known, said.append, reconcile=lambda *_: ["a change"])
    assert said[-1] == "a change"


def test_production_asks_for_no_administrator_of_another_keycloak() -> None:
    own = {"keycloak_client_secret": "not the published one", "mcp_machine_secret": "nor this"}
    refuse_published(settings(environment="production", **own))


@pytest.mark.parametrize("published", ["keycloak_client_secret", "mcp_machine_secret"])
def test_production_refuses_the_published_secrets_of_its_realm(published: str) -> None:
    """Whoever imported the realm as it stands has them there."""
    own = {"keycloak_client_secret": "not the published one", "mcp_machine_secret": "nor this"}
    del own[published]
    with pytest.raises(BadSetting, match=published.upper()):
        refuse_published(settings(environment="production", **own))


@pytest.mark.parametrize(
    "url", ["https://sso.example", "keycloak:8080", "http://", "http://keycloak:8080/auth", "ftp://k"]
)
def test_what_envoy_cannot_reach_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="not like http://"):
        settings(keycloak_url=url)
