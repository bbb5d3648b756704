"""The clients that people use, each as it registers and where it wants its code sent (O14): up to a tool's answer.

The bodies are what these clients send, members that Keycloak does not know included. Nothing listens at a callback: the
login driver reads the code off the redirect.
"""

from typing import Any

import httpx
import pytest
from gateway.client.authorization import Tokens, authorize
from gateway.client.errors import SignInFailed
from gateway.client.login_form import LoginForm

from tests.support.keycloak import TESTUSER
from tests.support.mcp import WEATHER, bearer, tool_call
from tests.support.stack import Stack

REGISTRATION = "/realms/mcp-gateway/clients-registrations/openid-connect"
FORECAST = tool_call("get_weather_forecast", location="Berlin")
PUBLIC = {
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
}
KNOWN: dict[str, dict[str, Any]] = {
    "MCP Inspector": {
        "redirect_uris": ["http://localhost:6274/oauth/callback"],
        "client_uri": "https://github.com/modelcontextprotocol/inspector",
        "scope": "mcp:weather",
        "application_type": "native",
    },
    "Visual Studio Code": {
        "redirect_uris": [
            "https://insiders.vscode.dev/redirect",
            "https://vscode.dev/redirect",
            "http://127.0.0.1/",
            "http://127.0.0.1:33418/",
        ],
        "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        "client_uri": "https://code.visualstudio.com",
        "application_type": "native",
    },
    "Claude Code": {
        "redirect_uris": ["http://localhost:54545/callback"],
        "software_id": "a-made-up-id",
        "software_version": "1.0.0",
    },
    "Claude": {
        "redirect_uris": ["https://claude.ai/api/mcp/auth_callback"],
        "token_endpoint_auth_method": "client_secret_post",
        "logo_uri": "https://claude.ai/favicon.ico",
    },
    "Cursor": {
        "redirect_uris": ["cursor://anysphere.cursor-mcp/oauth/callback"],
        "contacts": ["nobody@client.example"],
        "a_member_of_tomorrow": {"nested": [1.5, None]},
    },
    "a client on IPv6": {"redirect_uris": ["http://[::1]:33333/callback"], "client_name#de": "Ein Programm"},
}
CALLBACKS = [(name, uri) for name, body in KNOWN.items() for uri in body["redirect_uris"]]


def register(stack: Stack, name: str, **changes: Any) -> httpx.Response:
    body = {"client_name": name, **PUBLIC, **KNOWN.get(name, {}), **changes}
    with stack.client() as client:
        return client.post(REGISTRATION, json=body)


def sign_in(stack: Stack, client_id: str, callback: str) -> Tokens:
    class Form(LoginForm):
        redirect_uri = callback

    with stack.client() as http:
        form = Form(http, *TESTUSER, origin=stack.url, accept_consent=True)
        return authorize(http, f"{stack.url}/realms/mcp-gateway", client_id, ["mcp:weather"], form)


def forecast(stack: Stack, token: str) -> int:
    with stack.client() as client:
        return client.post(WEATHER, json=FORECAST, headers=bearer(token)).status_code


@pytest.mark.covers("O13", "O14", "R9")
@pytest.mark.parametrize(("name", "callback"), CALLBACKS)
def test_a_known_client_registers_and_its_code_comes_to_its_callback(stack: Stack, name: str, callback: str) -> None:
    answer = register(stack, name, token_endpoint_auth_method="none")
    assert answer.status_code == 201, answer.text
    assert answer.json()["redirect_uris"] == KNOWN[name]["redirect_uris"]
    assert forecast(stack, sign_in(stack, answer.json()["client_id"], callback).access_token) == 200


@pytest.mark.covers("O14")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_a_client_on_loopback_signs_in_by_any_port_whatever_port_it_registered(stack: Stack, host: str) -> None:
    """RFC 8252 section 7.3: the system gives it another port each time that it listens."""
    client_id = register(stack, "moving", redirect_uris=[f"http://{host}:11111/callback"]).json()["client_id"]
    for port in (11111, 22222):
        assert sign_in(stack, client_id, f"http://{host}:{port}/callback").access_token
    with pytest.raises(SignInFailed, match="redirect_uri"):
        sign_in(stack, client_id, f"http://{host}:22222/another-path")


@pytest.mark.covers("O13")
def test_a_client_that_asked_for_a_secret_is_told_that_it_needs_none_and_signs_in_without(stack: Stack) -> None:
    """A secret that anybody can have proves nothing; clients go by the answer (RFC 7591 section 3.2.1)."""
    answer = register(stack, "Claude", token_endpoint_auth_method="client_secret_post")
    assert (answer.status_code, answer.json()["token_endpoint_auth_method"]) == (201, "none")
    assert "client_secret" not in answer.json()
    [callback] = KNOWN["Claude"]["redirect_uris"]
    assert forecast(stack, sign_in(stack, answer.json()["client_id"], callback).access_token) == 200
