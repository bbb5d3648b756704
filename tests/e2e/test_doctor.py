"""The doctor finds nothing wrong with the gateway of this project, with a token and without."""

import json
import os
from typing import Any

import pytest

from tests.support.stack import Stack

RESOURCES = ("weather", "calculator")
ALWAYS_UNASKED = {"introspection"}
WITHOUT_TOKEN = {"token", "claims", "protocol", "tools", "methods"}


def examined(stack: Stack, name: str, *options: str) -> tuple[int, dict[str, Any], str]:
    plain = ("--http-port", str(stack.settings.http_port), "--ca", str(stack.settings.certs_dir / "ca.crt"))
    done = stack.cli("doctor", f"{stack.url}/mcp/{name}", *plain, "--json", *options)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout), done.stdout


def not_ok(told: dict[str, Any]) -> dict[str, str]:
    return {f["step"]: f"{f['level']}: {f['text']}" for f in told["findings"] if f["level"] != "ok"}


@pytest.mark.parametrize("name", RESOURCES)
def test_without_a_token_all_that_can_be_checked_is_ok(stack: Stack, name: str) -> None:
    status, told, _ = examined(stack, name)
    assert (status, set(not_ok(told))) == (0, ALWAYS_UNASKED | WITHOUT_TOKEN), not_ok(told)


@pytest.mark.parametrize("name", RESOURCES)
def test_with_a_token_everything_is_ok_and_the_token_is_not_shown(stack: Stack, name: str) -> None:
    token = stack.token(f"mcp:{name}")
    status, told, shown = examined(stack, name, "--token", token)
    assert (status, set(not_ok(told))) == (0, ALWAYS_UNASKED), not_ok(told)
    assert not [part for part in token.split(".") if part in shown]


def test_signed_in_by_itself_everything_is_ok_introspection_and_registration_included(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = stack.settings.keycloak_client_secret.get_secret_value()
    inside = (
        f"http://localhost:{stack.settings.keycloak_port}/realms/mcp-gateway/protocol/openid-connect/token/introspect"
    )
    monkeypatch.setitem(stack.environment, "MCP_INTROSPECT_SECRET", secret)
    asked = ("--sign-in", "--register", "--introspect-client", "api-gateway", "--introspect-url", inside)
    status, told, shown = examined(stack, "weather", *asked)
    assert (status, not_ok(told)) == (0, {})
    assert "active, for this URL" in shown
    assert "which stays until somebody removes it" in shown
    assert secret not in shown
    assert os.environ.get("MCP_INTROSPECT_SECRET") is None


def test_a_token_of_the_other_resource_is_told_to_be_of_another_audience(stack: Stack) -> None:
    status, told, _ = examined(stack, "weather", "--token", stack.token("mcp:calculator"))
    found = not_ok(told)
    assert status == 1
    assert found["token"].startswith("failure: refused with 401")
    assert "its audience is" in " ".join(f["text"] for f in told["findings"] if f["step"] == "claims")


def test_a_path_without_a_server_is_no_mcp_server(stack: Stack) -> None:
    status, told, _ = examined(stack, "weatherx")
    assert status == 1
    assert "no MCP server here: POST is answered 404" in not_ok(told)["challenge"]


def test_a_slash_too_many_is_a_warning_and_another_name_of_the_gateway_a_failure(stack: Stack) -> None:
    status, told, _ = examined(stack, "weather/")
    assert (status, not_ok(told)["resource-metadata"].startswith("warning: resource is ")) == (0, True), told
    url = f"https://127.0.0.1:{stack.settings.https_port}/mcp/weather"
    done = stack.cli("doctor", url, "--ca", str(stack.settings.certs_dir / "ca.crt"))
    assert f"resource is {stack.url}/mcp/weather, not {url}: clients compare the strings" in done.stdout
    assert "(ours follows PUBLIC_URL)" in done.stdout


def test_the_dashboard_is_no_mcp_server(stack: Stack) -> None:
    done = stack.cli("doctor", f"http://localhost:{stack.settings.dashboard_port}/", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, not_ok(told)["challenge"].startswith("failure: no MCP server here")) == (1, True), told


@pytest.mark.covers("S1", "S2", "S3", "S4", "S6", "S7", "S8", "S9", "S12", "S14", "S16")
def test_it_withstands_every_attack_of_the_doctor_and_the_token_is_not_shown(stack: Stack) -> None:
    token = stack.token("mcp:weather")
    status, told, shown = examined(stack, "weather", "--attacks", "--token", token)
    unexpected = {one["attack"]: one for one in told["attacks"] if one["level"] != "ok"}
    assert (status, unexpected) == (0, {})
    assert len(told["attacks"]) > 100
    assert not [part for part in token.split(".") if part in shown]
