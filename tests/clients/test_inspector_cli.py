"""MCP Inspector's command line with a token, as somebody tries a server out from a shell."""

import json
from typing import Any

import pytest

from tests.support.mcp import CALCULATOR, WEATHER
from tests.support.node import Desk

INSPECTOR = "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"
ERAS = ["legacy", "auto", "modern"]
SQUARE_ROOT = ("--method", "tools/call", "--tool-name", "sqrt", "--tool-arg", "number=16")
TOOLS = {
    WEATHER: {"get_weather_forecast", "get_weather_alerts", "get_uv_index"},
    CALCULATOR: {"add", "subtract", "multiply", "divide", "power", "sqrt"},
}


def inspect(desk: Desk, token: str, path: str, *options: str) -> tuple[int, dict[str, Any]]:
    """The exit code, and what it printed: a result on one stream, or an error on the other."""
    url = desk.stack.url + path
    bearer = f"Authorization: Bearer {token}"
    done = desk.run(INSPECTOR, "--cli", url, "--transport", "http", "--header", bearer, "--format", "json", *options)
    said: dict[str, Any] = json.loads(done.stdout or done.stderr.splitlines()[-1])
    return done.returncode, said


@pytest.mark.covers("M1", "M2", "M4", "M7")
@pytest.mark.parametrize("path", [WEATHER, CALCULATOR])
@pytest.mark.parametrize("era", ERAS)
def test_it_lists_every_tool_and_finds_their_schemas_fit_for_any_model(desk: Desk, path: str, era: str) -> None:
    token = desk.stack.token()
    status, said = inspect(desk, token, path, "--protocol-era", era, "--method", "tools/list", "--strict")
    assert {tool["name"] for tool in said["result"]["tools"]} == TOOLS[path]
    assert status == 0


CALLS = [
    pytest.param(WEATHER, ("get_weather_forecast", "location=Berlin"), ("place", "name"), "Berlin", id="weather"),
    pytest.param(CALCULATOR, ("power", "base=2", "exponent=10"), ("result",), 1024, id="calculator"),
]


@pytest.mark.covers("M1", "M3", "M7")
@pytest.mark.parametrize(("path", "call", "where", "expected"), CALLS)
@pytest.mark.parametrize("era", ERAS)
def test_it_calls_a_tool(
    desk: Desk, path: str, call: tuple[str, ...], where: tuple[str, ...], expected: Any, era: str
) -> None:
    name, *arguments = call
    options = ("--protocol-era", era, "--method", "tools/call", "--tool-name", name, "--tool-arg", *arguments)
    status, said = inspect(desk, desk.stack.token(), path, *options)
    found = said["result"]["structuredContent"]
    for member in where:
        found = found[member]
    assert (status, found) == (0, expected)


@pytest.mark.covers("R3")
def test_it_names_the_scopes_that_a_token_lacks(desk: Desk) -> None:
    status, said = inspect(desk, desk.stack.token("mcp:calculator"), CALCULATOR, *SQUARE_ROOT)
    assert (status, said["error"]["message"]) == (
        1,
        'Insufficient scope: required "mcp:calculator mcp:calculator:scientific"',
    )


@pytest.mark.covers("R5")
def test_it_asks_for_a_sign_in_where_the_token_is_for_another_resource(desk: Desk) -> None:
    status, said = inspect(desk, desk.stack.token("mcp:weather"), CALCULATOR, *SQUARE_ROOT)
    assert (status, said["error"]["code"]) == (3, "auth_required")
