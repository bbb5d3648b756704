"""The weather server as it runs: ``python -m mcp_weather``, over mutual TLS."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.support.json_schema import check_instance
from tests.support.serving import McpClient, call, failed_start, server_process
from tests.support.serving_tls import SERVER, Authority

BASE, ALERTS = "mcp:weather", "mcp:weather:alerts"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@asynccontextmanager
async def weather(authority: Authority, *client_names: str) -> AsyncIterator[McpClient]:
    """The server, and a client whose certificate is for ``client_names``."""
    own = authority.issue("mcp-weather", "localhost", use=SERVER)
    files = {
        "TLS_CERT_FILE": str(own.certificate),
        "TLS_KEY_FILE": str(own.key),
        "TLS_CA_FILE": str(authority.certificate),
    }
    shown = authority.issue(*client_names) if client_names else None
    connector = aiohttp.TCPConnector(ssl=authority.client_context(shown))
    async with (
        server_process("-m", "mcp_weather", **files) as server,
        aiohttp.ClientSession(connector=connector) as session,
    ):
        yield McpClient(session, f"https://localhost:{server.port}/", [BASE, ALERTS])


@pytest.mark.covers("W1", "W2", "M7")
async def test_each_tool_answers_in_the_form_that_it_lists(authority: Authority) -> None:
    async with weather(authority, "gateway", "envoy") as client:
        tools = {tool["name"]: tool for tool in (await client.result("tools/list"))["tools"]}
        assert list(tools) == ["get_weather_forecast", "get_weather_alerts", "get_uv_index"]
        for name, tool in tools.items():
            for arguments in ({"location": "Paris"}, {"latitude": 48.9, "longitude": 2}):
                check_instance(arguments, tool["inputSchema"])
                result = await client.result("tools/call", {"name": name, "arguments": arguments})
                assert result["isError"] is False
                assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
                check_instance(result["structuredContent"], tool["outputSchema"])
                assert result["structuredContent"]["source"].startswith("offline")


@pytest.mark.covers("W3", "S14")
async def test_each_call_needs_the_scopes_of_its_tool(authority: Authority) -> None:
    async with weather(authority, "envoy") as client:
        status, answer = await client.post(call("get_weather_alerts", location="Bavaria"), X_User_Scopes=BASE)
        assert (status, answer["error"]["data"]) == (403, {"missingScopes": [ALERTS]})
        status, _ = await client.post(call("get_uv_index", location="Oslo"), X_User_Scopes=f"{BASE}:alerts")
        assert status == 403


@pytest.mark.covers("S10", "T4")
async def test_another_services_certificate_is_answered_403(authority: Authority) -> None:
    async with weather(authority, "ext-authz", "localhost") as client:
        assert (await client.post(call("get_uv_index", location="Oslo")))[0] == 403


@pytest.mark.covers("S10", "T4", "W1")
async def test_without_a_certificate_nothing_is_answered(authority: Authority) -> None:
    async with weather(authority) as client:
        with pytest.raises((aiohttp.ClientError, ConnectionError)):
            await client.post(call("get_uv_index", location="Oslo"))


@pytest.mark.covers("W1")
async def test_without_tls_files_the_server_does_not_start() -> None:
    code, errors = await failed_start("-m", "mcp_weather")
    assert (code, errors.count("\n")) == (2, 1)
    assert errors.startswith("TLS_CERT_FILE: must be set")


async def test_an_unknown_provider_is_refused_by_name(authority: Authority) -> None:
    code, errors = await failed_start("-m", "mcp_weather", WEATHER_PROVIDER="oracle")
    assert (code, errors.count("\n")) == (2, 1)
    assert errors.startswith("WEATHER_PROVIDER: ")
