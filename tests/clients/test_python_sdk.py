"""The official Python SDK knows a URL and a CA; the gateway leads it from there to the tool's result."""

import json

import pytest

from tests.clients.python_sdk import Signing
from tests.clients.servers import SERVERS, Server
from tests.support.mcp import CALCULATOR, WEATHER
from tests.support.stack import Stack

REALM = "/realms/mcp-gateway"
MODES = ["auto", "2026-07-28", "legacy", "2025-06-18"]


@pytest.mark.covers("R1", "R2", "R3", "R9", "O11", "O13", "M2", "M7", "M8")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("server", SERVERS)
async def test_from_the_url_alone_to_a_result_a_tool_error_and_a_step_up(
    stack: Stack, server: Server, mode: str
) -> None:
    signing = Signing(stack, server.path)
    async with signing.client(mode) as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}
        assert {server.good[0], server.beyond[0]} <= listed
        good = await client.call_tool(*server.good)
        assert not good.is_error
        assert server.result in json.dumps(good.structured_content, ensure_ascii=False)
        bad = await client.call_tool(*server.bad)
        assert bad.is_error
        assert signing.person.scopes_asked() == [{server.scope}]
        assert not (await client.call_tool(*server.beyond)).is_error
    # What was granted before (email is given to everybody) and what the refusal named, so that nothing is lost
    assert signing.person.scopes_asked()[1:] == [{server.scope, "email", server.further}]
    assert ("POST", server.path, 403) in signing.seen.responses


@pytest.mark.covers("R1", "R2", "R9", "O12", "O13")
async def test_the_sdk_needs_no_request_but_those_of_the_specification(stack: Stack) -> None:
    signing = Signing(stack, WEATHER)
    async with signing.client("legacy"):
        pass
    assert signing.seen.responses[:5] == [
        ("POST", WEATHER, 401),
        ("GET", f"/.well-known/oauth-protected-resource{WEATHER}", 200),
        ("GET", f"/.well-known/oauth-authorization-server{REALM}", 200),
        ("POST", f"{REALM}/clients-registrations/openid-connect", 201),
        ("POST", f"{REALM}/protocol/openid-connect/token", 200),
    ]
    assert signing.seen.forms()[0]["resource"] == stack.url + WEATHER


@pytest.mark.covers("M1", "M2")
@pytest.mark.parametrize("path", [WEATHER, CALCULATOR])
@pytest.mark.parametrize(
    ("mode", "spoken"), [("auto", "2026-07-28"), ("legacy", "2025-11-25"), ("2025-06-18", "2025-06-18")]
)
async def test_the_newest_version_that_a_client_speaks_is_the_one_that_is_spoken(
    stack: Stack, path: str, mode: str, spoken: str
) -> None:
    async with Signing(stack, path).client(mode) as client:
        assert client.protocol_version == spoken


@pytest.mark.covers("O13")
async def test_whatever_else_a_client_says_of_itself_when_it_registers_it_gets_a_token_and_can_step_up(
    stack: Stack,
) -> None:
    """A scope would bind it for good at Keycloak, and links of its own would have it refused."""
    spoken = {
        "scope": "mcp:calculator",
        "client_uri": "https://client.example/",
        "logo_uri": "https://client.example/logo.png",
        "tos_uri": "https://client.example/tos",
        "policy_uri": "https://client.example/policy",
        "contacts": ["somebody@client.example"],
        "software_id": "a-program",
        "software_version": "1.2.3",
        "application_type": "native",
        "token_endpoint_auth_method": "none",
    }
    signing = Signing(stack, CALCULATOR, spoken)
    async with signing.client() as client:
        assert not (await client.call_tool("sqrt", {"number": 16})).is_error
    assert signing.storage.client is not None
    assert signing.storage.client.client_secret is None


@pytest.mark.covers("O13")
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_client_that_asks_for_a_secret_gets_none_and_works_without(stack: Stack, method: str) -> None:
    signing = Signing(stack, CALCULATOR, {"token_endpoint_auth_method": method})
    async with signing.client() as client:
        assert not (await client.call_tool("add", {"a": 1, "b": 2})).is_error
    assert signing.storage.client is not None
    assert signing.storage.client.client_secret is None
    assert signing.storage.client.token_endpoint_auth_method == "none"
