"""The components as data: what each is told, and what it is not."""

from pathlib import Path

import pytest
from gateway.runner.component import Component
from gateway.runner.envoy import envoy_binary
from gateway.runner.stack import native_stack, reachable

from tests.support.runner import settings_in


@pytest.fixture
def parts(tmp_path: Path) -> dict[str, Component]:
    settings = settings_in(tmp_path, public_url="https://gateway.example", kc_bootstrap_admin_password="hidden")
    return {part.name: part for part in native_stack(settings).components}


@pytest.mark.covers("S19")
def test_secrets_go_only_to_those_who_need_them(parts: dict[str, Component]) -> None:
    knows = {name for name, part in parts.items() if "KEYCLOAK_CLIENT_SECRET" in part.environment}
    assert knows == {"keycloak", "ext-authz"}
    knows_admin = {name for name, part in parts.items() if "hidden" in part.environment.values()}
    assert knows_admin == {"keycloak"}
    assert not any("hidden" in argument for part in parts.values() for argument in part.argv)


@pytest.mark.covers("S11")
def test_everything_but_envoy_listens_on_loopback_whatever_the_bind_address(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, bind_address="0.0.0.0")
    for part in native_stack(settings).components:
        for name in ("LISTEN", "GRPC_LISTEN", "HTTP_LISTEN", "KC_HTTP_HOST"):
            assert part.environment.get(name, "127.0.0.1").startswith("127.0.0.1"), (part.name, name)


@pytest.mark.covers("O12")
def test_public_url_reaches_the_authorizer_and_the_realm_and_the_console_stays_local(
    parts: dict[str, Component],
) -> None:
    assert parts["ext-authz"].environment["PUBLIC_URL"] == "https://gateway.example"
    assert parts["keycloak"].environment["PUBLIC_URL"] == "https://gateway.example"
    assert parts["keycloak"].environment["KC_HOSTNAME"].startswith("http://localhost:")


@pytest.mark.covers("O19")
def test_keycloak_counts_as_ready_by_its_readiness_and_not_by_its_port(parts: dict[str, Component]) -> None:
    assert parts["keycloak"].ready.url.endswith("/health/ready")
    assert parts["keycloak"].ready.accept == {200}


@pytest.mark.covers("O19")
def test_keycloak_is_one_java_process_on_loopback_with_a_local_cache(parts: dict[str, Component]) -> None:
    keycloak = parts["keycloak"]
    assert Path(keycloak.argv[0]).name == "java"
    assert keycloak.argv[-3:] == ("start", "--optimized", "--import-realm")
    assert keycloak.environment["KC_CACHE"] == "local"
    assert keycloak.environment["KC_HTTP_HOST"] == "127.0.0.1"


def test_envoy_is_the_program_itself_and_no_wrapper(parts: dict[str, Component]) -> None:
    assert envoy_binary().read_bytes()[:4] in (b"\x7fELF", b"\xcf\xfa\xed\xfe")
    assert parts["envoy"].argv[0] == str(envoy_binary())


@pytest.mark.parametrize(
    ("address", "host"),
    [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]"), ("127.0.0.1", "127.0.0.1"), ("10.0.0.7", "10.0.0.7")],
)
def test_a_wildcard_is_reached_by_loopback(address: str, host: str) -> None:
    assert reachable(address) == host
