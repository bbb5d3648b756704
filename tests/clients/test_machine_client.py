"""A program that calls for itself, by the official Python SDK's `ClientCredentialsOAuthProvider`: nobody signs in."""

import pytest
from mcp.client.auth import OAuthFlowError, OAuthTokenError
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider

from tests.clients.python_sdk import Memory, Seen, connected
from tests.clients.realm import administrator
from tests.support.mcp import CALCULATOR, WEATHER, bearer, tool_call
from tests.support.recorder import RecordingGateway
from tests.support.stack import Stack

SECRET = "mcp-machine-secret-change-me"
TOKEN = "/realms/mcp-gateway/protocol/openid-connect/token"


def machine(
    stack: Stack, path: str, *, secret: str = SECRET, method: str = "client_secret_basic"
) -> ClientCredentialsOAuthProvider:
    return ClientCredentialsOAuthProvider(
        stack.url + path,
        Memory(),
        client_id="mcp-machine",
        client_secret=secret,
        token_endpoint_auth_method=method,  # type: ignore[arg-type]
        issuer=f"{stack.url}/realms/mcp-gateway",
    )


@pytest.mark.covers("R1", "R2", "R3", "O11")
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_it_finds_its_way_calls_and_steps_up_without_anybody(stack: Stack, method: str) -> None:
    seen = Seen()
    provider = machine(stack, CALCULATOR, method=method)
    async with connected(stack.url + CALCULATOR, stack.ca, provider, seen) as client:
        assert not (await client.call_tool("add", {"a": 1, "b": 2})).is_error
        assert (await client.call_tool("divide", {"a": 1, "b": 0})).is_error
        assert not (await client.call_tool("power", {"base": 2, "exponent": 10})).is_error
    asked = [(form["grant_type"], set(form["scope"].split())) for form in seen.forms()]
    assert asked == [
        ("client_credentials", {"mcp:calculator"}),
        ("client_credentials", {"mcp:calculator", "mcp:calculator:scientific"}),
    ]


@pytest.mark.covers("O4")
async def test_a_wrong_secret_is_told_as_such(stack: Stack) -> None:
    provider = machine(stack, WEATHER, secret="wrong")
    with pytest.raises(ExceptionGroup) as raised:
        async with connected(stack.url + WEATHER, stack.ca, provider, Seen()):
            pass
    assert raised.group_contains(OAuthTokenError, match="invalid_client|unauthorized_client")
    assert not raised.group_contains(OAuthFlowError, match="metadata")


@pytest.mark.covers("R6", "A2")
def test_a_server_is_told_the_account_and_the_scopes_and_no_email(upstream: RecordingGateway) -> None:
    form = {"grant_type": "client_credentials", "scope": "mcp:weather"}
    with upstream.stack.client() as http:
        token = http.post(TOKEN, data=form, auth=("mcp-machine", SECRET)).raise_for_status().json()["access_token"]
    forged = {"X-User-Email": "somebody@example.com"}
    with upstream.client() as http:
        call = tool_call("get_weather_forecast", location="Berlin")
        assert http.post(WEATHER, json=call, headers=bearer(token) | forged).status_code == 200
    [received] = upstream.received
    account = administrator(upstream.stack).get_user_id("service-account-mcp-machine")
    assert received.all("x-user-sub") == [account]
    assert received.all("x-user-scopes") == ["mcp:weather"]
    assert received.all("x-user-email") == []
    assert received.all("authorization") == []
