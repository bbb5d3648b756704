"""The tools of both servers, called through the gateway with a real token (W1-W3, C1, C2)."""

import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.mcp import CALCULATOR, WEATHER, bearer, method_call, tool_call
from tests.support.stack import Stack


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[httpx.Client]:
    with stack.client(headers=bearer(stack.token())) as client:
        yield client


def call(client: httpx.Client, path: str, name: str, **arguments: Any) -> dict[str, Any]:
    answer = client.post(path, json=tool_call(name, **arguments))
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()["result"]
    return result


@pytest.mark.covers("C1", "C2")
@pytest.mark.parametrize(
    ("name", "arguments", "result"),
    [
        ("add", {"a": 1, "b": 2}, "3"),
        ("subtract", {"a": 0.3, "b": 0.1}, "0.2"),
        ("multiply", {"a": 10**20, "b": 3}, "300000000000000000000"),
        ("divide", {"a": 1, "b": 8}, "0.125"),
    ],
)
def test_the_calculator_calculates_exactly(
    client: httpx.Client, name: str, arguments: dict[str, float], result: str
) -> None:
    assert call(client, CALCULATOR, name, **arguments)["structuredContent"]["decimal"] == result


@pytest.mark.covers("C2", "S13")
def test_scientific_tools_work_and_stay_bounded(client: httpx.Client) -> None:
    listed = client.post(CALCULATOR, json=method_call("tools/list")).json()["result"]["tools"]
    power = next(tool for tool in listed if tool["name"] == "power")["inputSchema"]["required"]
    assert call(client, CALCULATOR, "power", **dict(zip(power, (2, 10), strict=True)))["isError"] is False
    refused = call(client, CALCULATOR, "power", **dict(zip(power, (9, 9**20), strict=True)))
    assert refused["isError"] is True


@pytest.mark.covers("W2")
@pytest.mark.parametrize("name", ["get_weather_forecast", "get_weather_alerts", "get_uv_index"])
def test_the_weather_tools_answer_and_name_their_source(client: httpx.Client, name: str) -> None:
    result = call(client, WEATHER, name, location="Oslo")
    assert result["isError"] is False
    assert "offline" in result["structuredContent"]["source"]


@pytest.mark.covers("W2", "C2", "M7")
@pytest.mark.parametrize(
    ("path", "names"),
    [
        (WEATHER, {"get_weather_forecast", "get_weather_alerts", "get_uv_index"}),
        (CALCULATOR, {"add", "subtract", "multiply", "divide", "power", "sqrt"}),
    ],
)
def test_each_server_lists_its_tools(client: httpx.Client, path: str, names: set[str]) -> None:
    tools = client.post(path, json=method_call("tools/list")).json()["result"]["tools"]
    assert {tool["name"] for tool in tools} == names
    assert all(tool["inputSchema"]["type"] == "object" and tool["outputSchema"] for tool in tools)


@pytest.mark.covers("K5")
def test_curl_through_envoy_answers(stack: Stack) -> None:
    command = [
        *("curl", "--silent", "--show-error", "--cacert", str(stack.settings.certs_dir / "ca.crt")),
        *("-H", f"Authorization: Bearer {stack.token()}", "-H", "Content-Type: application/json"),
        *("-d", '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":{"a":1,"b":2}}}'),
        f"{stack.url}/mcp/calculator",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert '"decimal":"3"' in done.stdout.replace(" ", "")


@pytest.mark.native("the weather server's port is not published; see compose/test_networks.py")
@pytest.mark.covers("W1", "C1", "S10", "S11")
def test_the_weather_server_wants_envoys_certificate(stack: Stack) -> None:
    url = f"https://localhost:{stack.settings.weather_port}/"
    with pytest.raises(httpx.TransportError):
        httpx.post(url, json=method_call("ping"), verify=stack.ca)
    certificates = stack.settings.certs_dir
    with_own = stack.ca
    with_own.load_cert_chain(certificates / "gateway.crt", certificates / "gateway.key")
    assert httpx.post(url, json=method_call("tools/list"), verify=with_own).status_code in {200, 403}
    as_another = stack.ca
    as_another.load_cert_chain(certificates / "mcp-weather.crt", certificates / "mcp-weather.key")
    with pytest.raises(httpx.TransportError):
        httpx.post(url, json=method_call("ping"), verify=as_another)
