from pathlib import Path
from typing import Any

import pytest
from mcp_serving import ServerSettings
from mcp_weather.settings import WeatherSettings
from pydantic import ValidationError

PAGE = Path(__file__).parents[3] / "docs" / "live-weather.md"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    pem = tmp_path / "any.pem"
    pem.touch()
    return {"tls_cert_file": pem, "tls_key_file": pem, "tls_ca_file": pem}


def test_without_a_word_the_server_asks_nobody(files: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WEATHER_PROVIDER", raising=False)
    assert WeatherSettings(**files).weather_provider == "offline"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("https://weather.example.org", "https://weather.example.org"),
        ("http://127.0.0.1:8080/meteo/", "http://127.0.0.1:8080/meteo"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_service_is_named_by_its_address(files: dict[str, Any], written: str, read: str) -> None:
    assert WeatherSettings(open_meteo_url=written, **files).open_meteo_url == read


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("open_meteo_url", "api.open-meteo.com"),
        ("open_meteo_url", "ftp://api.open-meteo.com"),
        ("open_meteo_url", "https://"),
        ("open_meteo_url", "https://host:port"),
        ("open_meteo_url", "https://host:0"),
        ("open_meteo_geocoding_url", "https://user:secret@host"),
        ("nws_url", "https://host/?key=1"),
        ("nws_url", "https://host/#part"),
        ("weather_contact", "me@example.org\r\nX-Evil: 1"),
        ("weather_contact", "me (you)"),
        ("weather_timeout_seconds", 0),
        ("weather_timeout_seconds", 31),
        ("weather_timeout_seconds", float("nan")),
        ("weather_cache_seconds", -1),
        ("weather_provider", "oracle"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_by_name(files: dict[str, Any], name: str, value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        WeatherSettings(**files, **{name: value})
    assert [problem["loc"] for problem in refused.value.errors()] == [(name,)]


LIVE = sorted(set(WeatherSettings.model_fields) - set(ServerSettings.model_fields))


@pytest.mark.parametrize("name", LIVE)
def test_the_page_on_live_weather_names_each_setting_with_its_default(name: str) -> None:
    default = WeatherSettings.model_fields[name].default
    shown = f"`{default}`" if default != "" else "none"
    assert f"| `{name.upper()}` | {shown} |" in PAGE.read_text(encoding="utf-8")
