"""What components see of the user's environment."""

from pathlib import Path

import pytest
from ext_authz.settings import Settings as AuthorizerSettings
from gateway.runner.inheriting import inherited
from gateway.runner.stack import native_stack
from mcp_serving.settings import ServerSettings
from mcp_weather.settings import WeatherSettings
from pydantic_settings import BaseSettings

from tests.support.runner import settings_in


@pytest.mark.covers("S19")
@pytest.mark.parametrize(
    "name",
    ["MCP_PASSWORD", "MCP_TOKEN", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "KEYCLOAK_CLIENT_SECRET", "KC_DB_PASSWORD"],
)
def test_passwords_and_keys_are_not_inherited(name: str) -> None:
    assert inherited({name: "hidden"}) == {}


@pytest.mark.parametrize(
    "name", ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "JAVA_TOOL_OPTIONS"]
)
def test_what_programs_need_to_run_is_inherited(name: str) -> None:
    assert inherited({name: "value"}) == {name: "value"}


@pytest.mark.parametrize(
    ("component", "kind"),
    [("ext-authz", AuthorizerSettings), ("mcp-weather", WeatherSettings), ("mcp-calculator", ServerSettings)],
)
def test_every_setting_of_a_service_reaches_it_or_is_decided_by_the_runner(
    component: str, kind: type[BaseSettings], tmp_path: Path
) -> None:
    decided = next(
        part.environment for part in native_stack(settings_in(tmp_path)).components if part.name == component
    )
    settings = {name.upper() for name in kind.model_fields}
    if component == "mcp-calculator":
        settings -= {"TLS_CERT_FILE", "TLS_KEY_FILE", "TLS_CA_FILE"}  # plain HTTP on loopback
    assert settings <= set(decided) | set(inherited(dict.fromkeys(settings, "value")))
