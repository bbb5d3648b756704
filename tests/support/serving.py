"""MCP servers under test: in this process on a free port, or as a process of their own."""

import asyncio
import io
import json
import os
import ssl
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web
from mcp_serving.serve import listening

START_DEADLINE_S = 30


def request(method: str, params: Mapping[str, Any] | None = None, *, id: int | str = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": dict(params or {})}


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    return request("tools/call", {"name": tool, "arguments": arguments})


MODERN = "2026-07-28"
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
"""What ``params._meta`` of every request of 2026-07-28 carries."""


def modern(message: Mapping[str, Any], **meta: Any) -> dict[str, Any]:
    """``message`` as a client of 2026-07-28 sends it; a member of ``_meta`` that is ``...`` is left out."""
    members = {name: value for name, value in {**ENVELOPE, **meta}.items() if value is not ...}
    return {**message, "params": {**message["params"], "_meta": members}}


def mirrors(message: Mapping[str, Any], version: str = MODERN) -> dict[str, str]:
    """The headers that repeat a modern ``message``."""
    named = {"Mcp-Name": str(message["params"]["name"])} if message["method"] == "tools/call" else {}
    return {"MCP-Protocol-Version": version, "Mcp-Method": message["method"], **named}


def caller(*scopes: str, sub: str = "someone") -> dict[str, str]:
    """The headers with which the gateway names a caller."""
    return {"X-User-Sub": sub, "X-User-Scopes": " ".join(scopes)}


class McpClient:
    """Posts messages to one server as a caller with given scopes."""

    def __init__(self, session: aiohttp.ClientSession, url: str, scopes: Iterable[str]) -> None:
        self.session = session
        self.url = url
        self._headers = {"Content-Type": "application/json", **caller(*scopes)}

    async def post(self, body: Any, **headers: str) -> tuple[int, Any]:
        """The status and the decoded answer (None if empty) to ``body``: bytes as they are, anything else as JSON."""
        data = io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.post(self.url, data=data, headers={**self._headers, **named}) as response:
            answer = await response.read()
            return response.status, json.loads(answer) if answer else None

    async def result(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        status, answer = await self.post(request(method, params))
        assert status == 200, answer
        return answer["result"]


@asynccontextmanager
async def serving(
    app: web.Application,
    scopes: Iterable[str],
    *,
    tls: ssl.SSLContext | None = None,
    client_tls: ssl.SSLContext | None = None,
    grace_seconds: float = 1,
) -> AsyncIterator[McpClient]:
    """``app`` on a free port of loopback, and a client of it."""
    async with listening(app, "127.0.0.1", 0, tls, grace_seconds) as port, aiohttp.ClientSession() as session:
        if client_tls is None:
            yield McpClient(session, f"http://127.0.0.1:{port}/", scopes)
            return
        connector = aiohttp.TCPConnector(ssl=client_tls)
        async with aiohttp.ClientSession(connector=connector) as secure:
            yield McpClient(secure, f"https://localhost:{port}/", scopes)


class ServerProcess:
    """A server started as ``python -m module`` on a free port, with all that it has written to stdout so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []

    @property
    def port(self) -> int:
        return next(int(line["port"]) for line in self.lines if line["event"] == "listening")

    async def read_until(self, event: str) -> None:
        """Read the log until it tells ``event``, or ends."""
        assert self.process.stdout
        async for line in self.process.stdout:
            self.lines.append(json.loads(line))
            if self.lines[-1]["event"] == event:
                return


@asynccontextmanager
async def server_process(*python: str, **environment: str) -> AsyncIterator[ServerProcess]:
    """Start a server and wait until it listens; kill it at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *python,
        env=_environment({"LISTEN": "127.0.0.1:0", **environment}),
        stdout=asyncio.subprocess.PIPE,
    )
    server = ServerProcess(process)
    try:
        async with asyncio.timeout(START_DEADLINE_S):
            await server.read_until("listening")
        yield server
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def failed_start(*python: str, **environment: str) -> tuple[int | None, str]:
    """The exit code and stderr of a server whose start fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *python, env=_environment(environment), stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(START_DEADLINE_S):
        _, errors = await process.communicate()
    return process.returncode, errors.decode()


def _environment(added: dict[str, str]) -> dict[str, str]:
    ours = ("LISTEN", "LOG_LEVEL", "TOOLS_BEYOND_SCOPES", "TLS_", "ALLOWED_CLIENT_SAN", "WEATHER_PROVIDER")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | added
