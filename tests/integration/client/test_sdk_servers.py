"""A conversation with a server of the official SDK, of whichever era it is."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from gateway.client.errors import Refused
from gateway.client.mcp_session import McpSession, Server, converse
from gateway.client.tools import CallResult
from gateway.runner.background import in_thread
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError


@asynccontextmanager
async def sdk_server(*, stateless: bool) -> AsyncIterator[str]:
    mcp = MCPServer("notes")

    @mcp.tool()
    def shout(text: str) -> str:
        """Say it louder."""
        if not text:
            raise ToolError("nothing to shout")
        return text.upper()

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(mcp.streamable_http_app(stateless_http=stateless), log_level="critical"))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


async def shout(url: str, text: str) -> CallResult:
    async def use(session: McpSession) -> CallResult:
        (tool,) = await session.tools()
        assert (tool.name, tool.description, tool.required) == ("shout", "Say it louder.", ["text"])
        return await session.call(tool.name, {"text": text})

    server = Server(url, ssl.create_default_context(), use_proxies=False, timeout=20)
    return await in_thread(lambda _: converse(server, use))


@pytest.mark.covers("M1", "M6")
@pytest.mark.parametrize("stateless", [True, False], ids=["stateless", "with sessions"])
async def test_its_tools_are_listed_and_called(stateless: bool) -> None:
    async with sdk_server(stateless=stateless) as url:
        answer = await shout(f"{url}/mcp", "hello")
        failed = await shout(f"{url}/mcp", "")
    assert (answer.text, answer.is_error) == ("HELLO", False)
    assert answer.raw["structuredContent"] == {"result": "HELLO"}
    assert failed.is_error
    assert "nothing to shout" in failed.text


async def test_another_path_of_it_is_refused_with_its_status() -> None:
    async with sdk_server(stateless=True) as url:
        with pytest.raises(Refused) as refused:
            await shout(f"{url}/elsewhere", "hello")
    assert refused.value.status == 404
