"""The official Python SDK's client against a served sample server, in each way in which it opens a conversation."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_serving import ServerSettings, make_app

from tests.support.serving import caller, serving
from tests.support.serving_sample import BASE, EXTRA, sample_toolbox

MODES = pytest.mark.parametrize(
    ("mode", "version"),
    [("auto", "2026-07-28"), ("2026-07-28", "2026-07-28"), ("legacy", "2025-11-25")],
    ids=["auto", "modern", "legacy"],
)


@asynccontextmanager
async def connected(mode: str, *scopes: str) -> AsyncIterator[Client]:
    """The SDK's client of a server that waits a moment only before it begins a stream."""
    app = make_app(sample_toolbox(), ServerSettings(), keep_alive_seconds=0.2)
    async with (
        serving(app, [BASE]) as served,
        httpx2.AsyncClient(headers=caller(*(scopes or [BASE]))) as http,
        Client(streamable_http_client(served.url, http_client=http), mode=mode) as client,
    ):
        yield client


@pytest.mark.covers("M1", "M3", "M4")
@MODES
async def test_the_sdk_lists_and_calls_in_each_mode(mode: str, version: str) -> None:
    async with connected(mode) as client:
        assert client.protocol_version == version
        names = [tool.name for tool in (await client.list_tools()).tools]
        assert names == [tool.name for tool in sample_toolbox()]
        result = await client.call_tool("greet", {"name": "you"})
        assert result.structured_content == {"text": "hello you (warm)"}


@pytest.mark.covers("M4")
async def test_the_sdk_reads_who_the_server_is_from_its_discovery() -> None:
    async with connected("auto") as client:
        assert client.session.discover_result is not None
        assert client.server_info is not None
        assert (client.server_info.name, client.server_info.version) == ("sample", "1.2.3")
        assert client.instructions == "For tests."


@pytest.mark.covers("M4", "M8")
@MODES
async def test_the_sdk_sees_the_scopes_that_a_tool_needs(mode: str, version: str) -> None:
    async with connected(mode) as client:
        secret = next(tool for tool in (await client.list_tools()).tools if tool.name == "secret")
        assert EXTRA in (secret.description or "")


@pytest.mark.covers("M7")
@MODES
async def test_the_sdk_reads_failures_as_results_and_an_unknown_tool_as_an_error(mode: str, version: str) -> None:
    async with connected(mode) as client:
        assert (await client.call_tool("greet", {})).is_error
        with pytest.raises(MCPError) as unknown:
            await client.call_tool("nope", {})
        assert unknown.value.code == -32602


@MODES
async def test_the_sdk_hears_of_progress(mode: str, version: str) -> None:
    heard: list[tuple[float, float | None, str | None]] = []

    async def listen(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, total, message))

    async with connected(mode) as client:
        result = await client.call_tool("count", {"to": 3, "pause": 0.1}, progress_callback=listen)
    assert result.structured_content == {"text": "counted to 3"}
    assert heard == [(1, 3, "at 1"), (2, 3, "at 2"), (3, 3, "at 3")]


@MODES
async def test_the_sdk_waits_for_a_silent_tool_through_comments(mode: str, version: str) -> None:
    async with connected(mode) as client:
        result = await client.call_tool("count", {"to": 1, "pause": 1})
    assert result.structured_content == {"text": "counted to 1"}


@MODES
async def test_the_sdk_takes_a_result_of_several_mebibytes(mode: str, version: str) -> None:
    """As JSON. As one event it would not: the SDK's limit for an event is 1 MiB unless the user raises it."""
    size = 1024 * 1024
    async with connected(mode) as client:
        result = await client.call_tool("big", {"size": size})
    assert result.structured_content == {"text": "é" * size}


@pytest.mark.covers("M9")
async def test_a_call_that_the_sdk_gives_up_is_cancelled_in_the_tool(tmp_path: Path) -> None:
    started, until = tmp_path / "started", tmp_path / "until"
    async with connected("auto") as client:
        calling = asyncio.create_task(client.call_tool("wait", {"started": str(started), "until": str(until)}))
        await _exists(started)
        calling.cancel()
        await _exists(started.with_suffix(".cancelled"))


async def _exists(path: Path) -> None:
    async with asyncio.timeout(10):
        while not path.exists():  # noqa: ASYNC110, ASYNC240 - a tool makes it
            await asyncio.sleep(0.01)
