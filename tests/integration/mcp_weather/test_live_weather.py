"""The weather server as it runs with ``WEATHER_PROVIDER=open-meteo``, and loopback stand-ins for the services."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.behaviours import raw, silent
from tests.support.fake_weather_services import FakeWeatherServices, running_weather_services
from tests.support.json_schema import check_instance
from tests.support.serving import McpClient, ServerProcess, failed_start, server_process
from tests.support.serving_tls import SERVER, Authority

SCOPES = ["mcp:weather", "mcp:weather:alerts"]


@pytest.fixture
async def services() -> AsyncIterator[FakeWeatherServices]:
    async with running_weather_services() as fake:
        yield fake


@asynccontextmanager
async def live(
    folder: Path, services: FakeWeatherServices, **environment: str
) -> AsyncIterator[tuple[McpClient, ServerProcess]]:
    authority = Authority(folder)
    own = authority.issue("mcp-weather", "localhost", use=SERVER)
    files = {
        "TLS_CERT_FILE": str(own.certificate),
        "TLS_KEY_FILE": str(own.key),
        "TLS_CA_FILE": str(authority.certificate),
    }
    connector = aiohttp.TCPConnector(ssl=authority.client_context(authority.issue("envoy")))
    async with AsyncExitStack() as stack:
        variables = {**files, **services.environment, **environment}
        server = await stack.enter_async_context(server_process("-m", "mcp_weather", **variables))
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        yield McpClient(session, f"https://localhost:{server.port}/", SCOPES), server


async def call(client: McpClient, name: str, **arguments: Any) -> Any:
    return await client.result("tools/call", {"name": name, "arguments": arguments})


@pytest.mark.covers("W2", "M7")
async def test_one_variable_makes_every_tool_answer_from_the_services(
    tmp_path: Path, services: FakeWeatherServices
) -> None:
    async with live(tmp_path, services) as (client, _):
        tools = {tool["name"]: tool for tool in (await client.result("tools/list"))["tools"]}
        for name, tool in tools.items():
            assert tool["annotations"]["openWorldHint"] is True
            for arguments in ({"location": "Paris, Texas"}, {"latitude": 33.66, "longitude": -95.56}):
                result = await call(client, name, **arguments)
                assert result["isError"] is False, result
                assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
                check_instance(result["structuredContent"], tool["outputSchema"])
                assert result["structuredContent"]["source"].startswith(("Open-Meteo", "US National"))
    assert {path for path, _ in services.asked} == {"/places/v1/search", "/meteo/v1/forecast", "/nws/alerts/active"}


async def test_a_place_is_looked_up_once_for_many_questions(tmp_path: Path, services: FakeWeatherServices) -> None:
    async with live(tmp_path, services) as (client, _):
        for name in ("get_weather_forecast", "get_uv_index", "get_weather_forecast"):
            assert not (await call(client, name, location="Paris"))["isError"]
    assert [path for path, _ in services.asked] == ["/places/v1/search", "/meteo/v1/forecast", "/meteo/v1/forecast"]


async def test_what_fails_is_told_to_the_model_and_logged_without_where_anybody_is(
    tmp_path: Path, services: FakeWeatherServices
) -> None:
    services.forecast = raw(503, b"<html>secret of theirs</html>")
    async with live(tmp_path, services) as (client, server):
        result = await call(client, "get_weather_forecast", location="Paris")
        server.process.terminate()
        await server.read_until("stopped")
        assert await server.process.wait() == 0
    assert result["isError"] is True
    assert "Open-Meteo has a fault of its own (HTTP 503)" in result["content"][0]["text"]
    [line] = [line for line in server.lines if line["event"] == "weather_service_failed"]
    assert (line["service"], line["reason"], line["status"]) == ("Open-Meteo", "broken", 503)
    log = json.dumps(server.lines)
    assert not any(word in log for word in ("Paris", "48.85", "secret of theirs"))


async def test_a_slow_service_does_not_hold_up_other_calls(tmp_path: Path, services: FakeWeatherServices) -> None:
    services.alerts = silent()
    async with live(tmp_path, services, WEATHER_TIMEOUT_SECONDS="0.5") as (client, _):
        result = await call(client, "get_weather_alerts", latitude=33.66, longitude=-95.56)
        assert "did not answer in time" in result["content"][0]["text"]
        assert not (await call(client, "get_uv_index", location="Paris"))["isError"]


async def test_a_place_that_nobody_knows_is_answered_with_what_to_try(
    tmp_path: Path, services: FakeWeatherServices
) -> None:
    async with live(tmp_path, services, WEATHER_CONTACT="me@example.org") as (client, _):
        result = await call(client, "get_uv_index", location="Xyzzy")
    assert result["isError"] is True
    assert "knows no place 'Xyzzy'" in result["content"][0]["text"]
    assert services.headers[0]["User-Agent"] == "mcp-weather/0.1.0 (me@example.org)"


async def test_a_day_that_nobody_knows_is_answered_with_those_that_are_known(
    tmp_path: Path, services: FakeWeatherServices
) -> None:
    async with live(tmp_path, services) as (client, _):
        result = await call(client, "get_uv_index", location="Paris", date="2040-01-01")
    assert result["isError"] is True
    assert "It has 2026-08-23 to 2026-12-09: ask within that." in result["content"][0]["text"]


async def test_the_client_says_nothing_of_who_asked(tmp_path: Path, services: FakeWeatherServices) -> None:
    async with live(tmp_path, services) as (client, _):
        await call(client, "get_uv_index", location="Paris")
    allowed = {"Host", "User-Agent", "Accept-Encoding", "Accept"}
    assert all(set(headers) <= allowed for headers in services.headers), services.headers


async def test_an_address_that_is_none_stops_the_start_and_is_named() -> None:
    code, errors = await failed_start(
        "-m", "mcp_weather", WEATHER_PROVIDER="open-meteo", OPEN_METEO_URL="api.open-meteo.com"
    )
    assert (code, errors.count("\n")) == (2, 1)
    assert errors.startswith("OPEN_METEO_URL: must be the address of a service")
