"""The settings: what is accepted, and how a bad value is told."""

from pathlib import Path

import pytest
from ext_authz.settings import PLACEHOLDER_SECRET, Settings, SettingsError, load_settings


@pytest.fixture(autouse=True)
def _good_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("TLS_CERT_FILE", "TLS_KEY_FILE", "TLS_CA_FILE"):
        (tmp_path / name).write_text("pem")
        monkeypatch.setenv(name, str(tmp_path / name))


def test_the_defaults_are_those_of_the_compose_network() -> None:
    settings = load_settings()
    assert settings.public_url == "https://localhost"
    assert settings.keycloak_url == "http://keycloak:8080"
    assert settings.introspection_ttl_seconds == 5
    assert settings.introspection_timeout_seconds == 4
    assert settings.issuer == "https://localhost/realms/mcp-gateway"


@pytest.mark.covers("R7")
def test_origins_are_a_list_with_commas_and_the_public_one_is_always_among_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert load_settings().origins == {"http://localhost:6274", "https://localhost"}
    monkeypatch.setenv("ALLOWED_ORIGINS", "https://a.example, http://127.0.0.1:6274,")
    assert load_settings().origins == {"https://a.example", "http://127.0.0.1:6274", "https://localhost"}


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PUBLIC_URL", "http://localhost", "https://"),
        ("PUBLIC_URL", "localhost", "https://"),
        ("PUBLIC_URL", "https://localhost/", "origin"),
        ("PUBLIC_URL", "https://localhost/path", "origin"),
        ("PUBLIC_URL", "https://LOCALHOST", "lower case"),
        ("PUBLIC_URL", "https://localhost:443", "leave out :443"),
        ("PUBLIC_URL", "https://localhost:99999", "origin"),
        ("PUBLIC_URL", "https://user@localhost", "origin"),
        ("PUBLIC_URL", 'https://a"b', "origin"),
        ("ALLOWED_ORIGINS", "*", "origin"),
        ("ALLOWED_ORIGINS", "null", "origin"),
        ("ALLOWED_ORIGINS", "http://localhost:6274/", "origin"),
        ("ALLOWED_ORIGINS", "http://localhost:80", "leave out :80"),
        ("GRPC_LISTEN", "50051", "host:port"),
        ("GRPC_LISTEN", "localhost:http", "host:port"),
        ("HTTP_LISTEN", ":8090", "host:port"),
        ("HTTP_LISTEN", "0.0.0.0:70000", "host:port"),
        ("TLS_CERT_FILE", "/nowhere/x", "readable file"),
        ("TLS_KEY_FILE", "/", "readable file"),
        ("TLS_CA_FILE", "/nowhere/x", "readable file"),
        ("ALLOWED_CLIENT_SAN", "a b", "pattern"),
        ("KEYCLOAK_URL", "keycloak:8080", "URL"),
        ("KEYCLOAK_URL", "http://keycloak?x=1", "URL"),
        ("KEYCLOAK_URL", "http://user:pass@keycloak", "URL"),
        ("LOGOUT_REPLICAS", "http://a:8090/x,http://b:99999/x", "Port out of range"),
        ("LOGOUT_REPLICAS", "http://a:0/x", "URL"),
        ("KEYCLOAK_REALM", "../master", "pattern"),
        ("ENVOY_STATUS_URL", "ftp://envoy", "URL"),
        ("INTROSPECTION_TTL_SECONDS", "-1", "greater than or equal to 0"),
        ("INTROSPECTION_TTL_SECONDS", "nan", "less than or equal to 300"),
        ("INTROSPECTION_TTL_SECONDS", "soon", "valid number"),
        ("INTROSPECTION_TTL_SECONDS", "301", "less than or equal to 300"),
        ("INTROSPECTION_TIMEOUT_SECONDS", "5", "less than 5"),
        ("INTROSPECTION_TIMEOUT_SECONDS", "0", "greater than 0"),
        ("INTROSPECTION_CACHE_SIZE", "0", "greater than or equal to 1"),
        ("ENVIRONMENT", "prod", "'development' or 'production'"),
        ("LOG_LEVEL", "loud", "'DEBUG'"),
    ],
)
def test_a_bad_value_is_told_in_one_line_that_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value).startswith(f"{name}: ")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_bad_values_are_both_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "http://a")
    monkeypatch.setenv("LOG_LEVEL", "loud")
    with pytest.raises(SettingsError, match=r"LOG_LEVEL: .*; PUBLIC_URL: "):
        load_settings()


@pytest.mark.parametrize("secret", [None, PLACEHOLDER_SECRET])
def test_the_published_secret_is_refused_in_production_and_only_there(
    monkeypatch: pytest.MonkeyPatch, secret: str | None
) -> None:
    if secret is not None:
        monkeypatch.setenv("KEYCLOAK_CLIENT_SECRET", secret)
    assert load_settings().keycloak_client_secret.get_secret_value() == PLACEHOLDER_SECRET
    monkeypatch.setenv("ENVIRONMENT", "production")
    with pytest.raises(SettingsError, match="KEYCLOAK_CLIENT_SECRET"):
        load_settings()
    monkeypatch.setenv("KEYCLOAK_CLIENT_SECRET", "another")
    assert load_settings().environment == "production"


def test_an_empty_variable_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "")
    assert load_settings().public_url == "https://localhost"


@pytest.mark.covers("S19")
def test_neither_settings_nor_their_errors_show_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYCLOAK_CLIENT_SECRET", "very-secret")
    assert "very-secret" not in repr(load_settings())
    monkeypatch.setenv("PUBLIC_URL", "http://very-secret")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "very-secret" not in str(caught.value)
