"""The calculator as it runs: ``python -m mcp_calculator``, over plain HTTP."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.json_schema import check_instance
from tests.support.serving import McpClient, call, failed_start, request, server_process

BASE, SCIENTIFIC = "mcp:calculator", "mcp:calculator:scientific"


@pytest.fixture
async def client() -> AsyncIterator[McpClient]:
    async with server_process("-m", "mcp_calculator") as server, aiohttp.ClientSession() as session:
        yield McpClient(session, f"http://127.0.0.1:{server.port}/", [BASE, SCIENTIFIC])


@pytest.mark.covers("C1", "C2", "M7")
async def test_each_tool_answers_in_the_form_that_it_lists(client: McpClient) -> None:
    tools = {tool["name"]: tool for tool in (await client.result("tools/list"))["tools"]}
    assert list(tools) == ["add", "subtract", "multiply", "divide", "power", "sqrt"]
    for name, tool in tools.items():
        arguments = dict.fromkeys(tool["inputSchema"]["properties"], 4)
        check_instance(arguments, tool["inputSchema"])
        result = await client.result("tools/call", {"name": name, "arguments": arguments})
        assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
        check_instance(result["structuredContent"], tool["outputSchema"])


@pytest.mark.covers("C2")
async def test_decimals_lose_nothing_on_the_way(client: McpClient) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":%b}}'
    _, answer = await client.post(body % b'{"a":0.1,"b":0.2}')
    assert answer["result"]["structuredContent"] == {"result": 0.3, "decimal": "0.3", "exact": True}
    _, answer = await client.post(body % b'{"a":12345678901234567890.1234567890123456789,"b":1e-19}')
    assert answer["result"]["structuredContent"]["decimal"] == "12345678901234567890.123456789012345679"
    assert Decimal(answer["result"]["structuredContent"]["result"]) > 0


@pytest.mark.covers("S14", "C2")
async def test_power_needs_its_further_scope(client: McpClient) -> None:
    status, answer = await client.post(call("power", base=2, exponent=2), X_User_Scopes=BASE)
    assert (status, answer["error"]["data"]) == (403, {"missingScopes": [SCIENTIFIC]})
    assert (await client.post(call("add", a=2, b=2), X_User_Scopes=BASE))[0] == 200


def power(base: Any, exponent: Any) -> Any:
    return call("power", base=base, exponent=exponent)


@pytest.mark.covers("S13")
async def test_health_stays_fast_while_costly_powers_are_asked_for(client: McpClient) -> None:
    costly = [power(10, 10**9), power(9, 387420489), power(1.0000001, 10**9), power(0.5, 10**9), power(7, 363)]
    posts = [asyncio.create_task(client.post(body)) for body in costly * 20]
    slowest = 0.0
    while not all(post.done() for post in posts):
        started = time.perf_counter()
        async with client.session.get(client.url + "health") as response:
            assert response.status == 200
        slowest = max(slowest, time.perf_counter() - started)
    assert {status for status, _ in await asyncio.gather(*posts)} == {200}
    assert 0 < slowest < 2  # far above what it takes, far below what one unbounded power would


@pytest.mark.covers("M8")
async def test_tools_beyond_the_callers_scopes_can_be_hidden() -> None:
    async with (
        server_process("-m", "mcp_calculator", TOOLS_BEYOND_SCOPES="hide") as server,
        aiohttp.ClientSession() as session,
    ):
        client = McpClient(session, f"http://127.0.0.1:{server.port}/", [BASE])
        tools = (await client.result("tools/list"))["tools"]
        assert [tool["name"] for tool in tools] == ["add", "subtract", "multiply", "divide"]


async def test_a_bad_setting_ends_the_start_with_exit_code_2_and_one_line() -> None:
    code, errors = await failed_start("-m", "mcp_calculator", LISTEN="nonsense")
    assert (code, errors.count("\n")) == (2, 1)
    assert errors.startswith("LISTEN: ")


async def test_the_process_stays_small() -> None:
    async with server_process("-m", "mcp_calculator") as server, aiohttp.ClientSession() as session:
        client = McpClient(session, f"http://127.0.0.1:{server.port}/", [BASE])
        for number in range(200):
            await client.post(request("tools/list", id=number))
        status = Path(f"/proc/{server.process.pid}/status").read_text()  # noqa: ASYNC240 - procfs does not block
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    assert resident < 70 * 1024  # KiB
