"""Envoy led to servers that are not what they say: it asks them nothing, and nobody gets in."""

import ssl
from pathlib import Path

import httpx
import pytest
from gateway.certificates import ensure_certificates
from gateway.settings import Settings

from tests.support.impostors import (
    counterfeits,
    envoy_led_to,
    fake_authorizers,
    fake_servers,
    genuine,
    statistics,
)
from tests.support.mcp import CALCULATOR, WEATHER, tool_call
from tests.support.ports import free_ports
from tests.support.stack import PORTS, ROOT


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    ports = dict(zip((name.lower() for name in PORTS), free_ports(len(PORTS)), strict=True))
    made = Settings(home=ROOT, state_dir=tmp_path / "state", certs_dir=tmp_path / "certs", **ports)  # type: ignore[arg-type]
    ensure_certificates(made.certs_dir, public_host="localhost")
    return made


def post(settings: Settings, path: str) -> httpx.Response:
    ca = ssl.create_default_context(cafile=str(settings.certs_dir / "ca.crt"))
    return httpx.post(f"https://localhost:{settings.https_port}{path}", json=tool_call("add", a=1, b=2), verify=ca)


def refused_handshakes(settings: Settings, cluster: str) -> int:
    pattern = rf"^cluster\.{cluster}\.ssl\.(fail_verify_error|fail_verify_san|connection_error)$"
    return sum(statistics(settings, pattern).values())


@pytest.mark.covers("S10", "S11", "F15")
def test_no_authorizer_with_another_certificate_is_asked_and_everything_stays_shut(settings: Settings) -> None:
    """Each of them would allow everything."""
    false = counterfeits(settings.certs_dir, "ext-authz")
    with (
        fake_authorizers(settings.certs_dir, false) as authorizers,
        fake_servers(settings.state_dir.parent, {"calculator": None}) as calculator,
        envoy_led_to(settings, {"ext_authz": authorizers.ports, "mcp_calculator": calculator.ports}),
    ):
        answers = [post(settings, CALCULATOR) for _ in range(3)]
        assert refused_handshakes(settings, "ext_authz") >= len(false)
    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in answers] == [(503, -32006)] * 3
    assert authorizers.asked == []
    assert set(calculator.asked) == {"calculator: /health"}


@pytest.mark.covers("S10", "T4", "F15")
def test_no_weather_server_with_another_certificate_or_none_is_asked_anything(settings: Settings) -> None:
    false = {**counterfeits(settings.certs_dir, "mcp-weather"), "none at all": None}
    own = {"its own": genuine(settings.certs_dir, "ext-authz")}
    with (
        fake_authorizers(settings.certs_dir, own) as authorizer,
        fake_servers(settings.state_dir.parent, false) as servers,
        envoy_led_to(settings, {"ext_authz": authorizer.ports, "mcp_weather": servers.ports}),
    ):
        answers = [post(settings, WEATHER) for _ in range(3)]
        assert refused_handshakes(settings, "mcp_weather") >= len(false)
    assert [answer.status_code for answer in answers] == [503] * 3
    assert authorizer.asked == ["its own"] * 3
    assert servers.asked == []  # not even for their health


@pytest.mark.covers("S10", "T4")
def test_the_very_same_fakes_are_believed_with_the_right_certificates(settings: Settings) -> None:
    """Or the tests above would show nothing."""
    certs = settings.certs_dir
    with (
        fake_authorizers(certs, {"its own": genuine(certs, "ext-authz")}) as authorizer,
        fake_servers(settings.state_dir.parent, {"its own": genuine(certs, "mcp-weather")}) as server,
        envoy_led_to(settings, {"ext_authz": authorizer.ports, "mcp_weather": server.ports}),
    ):
        assert post(settings, WEATHER).status_code == 200
    assert authorizer.asked == ["its own"]
    assert set(server.asked) == {"its own: /health", "its own: /"}
