"""npm's mcp-remote, by which Claude Desktop reaches a server elsewhere: MCP on its streams, OAuth behind them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from tests.support.mcp import CALCULATOR, WEATHER
from tests.support.node import Desk

SIGN_IN = "Please authorize this client by visiting"


@asynccontextmanager
async def bridged(desk: Desk, path: str, mode: str) -> AsyncIterator[Client]:
    """A session over the streams of `mcp-remote URL`; what it writes for people goes to `said`."""
    command, *arguments = desk.node.command("node_modules/mcp-remote/dist/proxy.js", desk.stack.url + path)
    parameters = StdioServerParameters(command=command, args=arguments, env=desk.environment)
    with said(desk).open("a") as log:
        async with Client(stdio_client(parameters, errlog=log), mode=mode) as client:
            yield client


def said(desk: Desk) -> Path:
    return desk.home / "mcp-remote.log"


@pytest.mark.covers("R1", "R2", "R9", "O11", "O13", "O14", "M1", "M2")
@pytest.mark.parametrize(("mode", "version"), [("legacy", "2025-11-25"), ("auto", "2026-07-28")])
@pytest.mark.parametrize(
    ("path", "tool", "arguments", "part"),
    [
        (WEATHER, "get_weather_forecast", {"location": "Berlin"}, "days"),
        (CALCULATOR, "add", {"a": 1, "b": 2}, "result"),
    ],
)
async def test_from_the_url_alone_through_the_sign_in_to_a_tools_result(
    desk: Desk, path: str, tool: str, arguments: dict[str, object], part: str, mode: str, version: str
) -> None:
    async with bridged(desk, path, mode) as client:
        assert client.protocol_version == version
        assert tool in {one.name for one in (await client.list_tools()).tools}
        result = await client.call_tool(tool, arguments)
    assert result.structured_content is not None
    assert result.structured_content[part]
    assert said(desk).read_text().count(SIGN_IN) == 1


@pytest.mark.covers("R3", "R9")
async def test_a_tool_that_needs_a_further_scope_has_the_user_sign_in_once_more(desk: Desk) -> None:
    async with bridged(desk, CALCULATOR, "legacy") as client:
        result = await client.call_tool("sqrt", {"number": 16})
    assert result.structured_content is not None
    assert result.structured_content["result"] == 4
    assert "mcp:calculator:scientific" in said(desk).read_text()
    assert said(desk).read_text().count(SIGN_IN) == 2


@pytest.mark.covers("R9")
async def test_started_again_it_remembers_who_signed_in(desk: Desk) -> None:
    for _ in range(2):
        async with bridged(desk, CALCULATOR, "legacy") as client:
            assert (await client.call_tool("add", {"a": 1, "b": 2})).structured_content
    assert said(desk).read_text().count(SIGN_IN) == 1
