"""Settings: one class, read once; a bad value names its variable."""

from pathlib import Path

import pytest
from gateway.runner.errors import BadSetting
from gateway.settings import Settings, find_home, load_settings, origin

from tests.support.runner import ROOT

PORTS = [name for name in Settings.model_fields if name.endswith("_port")]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("MCP_GATEWAY_HOME", str(ROOT))


@pytest.mark.covers("O1", "G3")
def test_defaults_are_the_documented_ports_on_loopback() -> None:
    settings = load_settings()
    assert dict(settings.ports()) == {
        "https_port": 8443,
        "http_port": 8088,
        "dashboard_port": 8081,
        "keycloak_port": 8080,
        "keycloak_management_port": 9000,
        "authz_port": 50051,
        "authz_http_port": 8090,
        "weather_port": 8000,
        "calculator_port": 8001,
        "envoy_admin_port": 9901,
    }
    assert settings.bind_address == "127.0.0.1"
    assert settings.origin == "https://localhost:8443"
    assert settings.state_dir == ROOT / ".gateway" / "run"


def test_command_line_goes_over_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PORT", "9443")
    assert load_settings(https_port=None).https_port == 9443
    assert load_settings(https_port=443).https_port == 443


@pytest.mark.parametrize("name", PORTS)
@pytest.mark.parametrize("value", ["abc", "0", "65536", "-1", "8443.5"])
def test_bad_port_is_one_line_that_names_the_variable(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name.upper(), value)
    with pytest.raises(BadSetting) as refused:
        load_settings()
    assert refused.value.sentence.startswith(f"{name.upper()} (--{name.replace('_', '-')}): '{value}' cannot be used")
    assert "\n" not in refused.value.sentence
    assert refused.value.exit_code == 2


def test_one_port_for_two_things_names_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEATHER_PORT", "8443")
    with pytest.raises(BadSetting, match="HTTPS_PORT and WEATHER_PORT are both 8443"):
        load_settings()


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("https://gateway.example", "https://gateway.example"),
        ("https://Gateway.Example:443/", "https://gateway.example"),
        ("https://gateway.example:8443", "https://gateway.example:8443"),
        ("https://[::1]:8443", "https://[::1]:8443"),
        ("http://localhost:8088", "http://localhost:8088"),
    ],
)
def test_public_url_is_an_origin_in_one_spelling(given: str, shown: str) -> None:
    assert origin(given) == shown
    assert load_settings(public_url=given).origin == shown


@pytest.mark.parametrize(
    "given",
    [
        "gateway.example",
        "ftp://gateway.example",
        "https://",
        "https://user:secret@gateway.example",
        "https://gateway.example/path",
        "https://gateway.example?q",
        "https://gateway.example#f",
        "https://gateway.example:port",
        "http://gateway.example",
    ],
)
def test_public_url_that_is_no_safe_origin_is_refused_by_name(given: str) -> None:
    with pytest.raises(BadSetting, match=r"^PUBLIC_URL \(--public-url\)"):
        load_settings(public_url=given)


@pytest.mark.parametrize(("port", "shown"), [(443, "https://localhost"), (9443, "https://localhost:9443")])
def test_public_url_follows_the_https_port(port: int, shown: str) -> None:
    assert load_settings(https_port=port).origin == shown


def test_bind_address_must_be_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIND_ADDRESS", "everywhere")
    with pytest.raises(BadSetting, match="BIND_ADDRESS"):
        load_settings()


def test_another_process_reads_the_same_settings_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = load_settings(
        https_port=9443, public_url="https://gateway.example", state_dir=tmp_path, kc_bootstrap_admin_password="secret"
    )
    for name, value in given.as_environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == given


@pytest.mark.covers("S19")
def test_secrets_are_not_shown_when_settings_are_printed() -> None:
    settings = load_settings(kc_bootstrap_admin_password="hidden-one", keycloak_client_secret="hidden-two")
    assert "hidden" not in f"{settings!r} {settings}"


def test_home_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    assert find_home({}) == ROOT
    with pytest.raises(BadSetting, match="MCP_GATEWAY_HOME"):
        find_home({"MCP_GATEWAY_HOME": str(tmp_path)})
