"""A fake gateway that reads HTTP by itself, byte by byte, so that a test can have it fall for any one attack.

It is strict, in front of a server with two tools, of which one is beyond the token's scopes.
"""

import asyncio
import base64
import json
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from mcp_wire import MalformedMessage, error_body, is_json_media_type, mirror_fault, read_message

from tests.support.fake_mcp_server import INSPECTOR

MCP = "/mcp/fake"
METADATA = f"/.well-known/oauth-protected-resource{MCP}"
LIMIT = 1024 * 1024
HANG = b"hang"
CLOSE = b""
TOKEN = ".".join(
    base64.urlsafe_b64encode(part).rstrip(b"=").decode()
    for part in (b'{"alg":"RS256"}', b'{"sub":"somebody","scope":"mcp:fake"}', b"the signature of a fake")
)
TOOLS = [
    {"name": "add", "inputSchema": {"type": "object"}},
    {
        "name": "wipe",
        "inputSchema": {"type": "object"},
        "_meta": {"io.github.mcp-gateway/missing-scopes": ["mcp:fake:wipe"]},
    },
]
_HEAD_LIMIT = 32 * 1024
_REQUEST_LINE = re.compile(rb"([A-Z]+) (/[A-Za-z0-9._~/-]*)(\?[^# ]*)? HTTP/1\.1")
_LINE = re.compile(rb"([A-Za-z0-9-]+):[ \t]*([\x20-\x7e\t]*)")
_NUMBER = re.compile(rb"[0-9]{1,12}")
_RESULTS: dict[str, Any] = {
    "initialize": {"protocolVersion": "2025-11-25", "serverInfo": {"name": "fake"}, "capabilities": {}},
    "server/discover": {"supportedVersions": ["2026-07-28"]},
    "tools/list": {"tools": TOOLS},
    "ping": {},
}


@dataclass(frozen=True)
class Asked:
    """A request that came: all of its bytes, and what a strict reader makes of it (`headers` None: nothing)."""

    raw: bytes
    method: str = ""
    path: str = ""
    headers: dict[str, str] | None = None
    body: bytes = b""

    def __getitem__(self, name: str) -> str:
        return (self.headers or {}).get(name, "")


Flaw = Callable[[Asked], bytes | None]
"""The whole answer to what it falls for, None for everything else."""


def answer(status: int, body: Any = None, **headers: str) -> bytes:
    raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"Content-Type": "application/json", "Content-Length": str(len(raw)), "Connection": "close"}
    named |= {name.replace("_", "-"): text for name, text in headers.items()}
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {text}" for name, text in named.items()), "", ""]
    return "\r\n".join(lines).encode() + raw


def result(of: Any) -> bytes:
    return answer(200, {"jsonrpc": "2.0", "id": 1, "result": of})


@dataclass
class FakeGateway:
    """`flaw` is what it falls for; `seen` is every request."""

    flaw: Flaw
    port: int = 0
    scheme: str = "http"
    seen: list[Asked] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"{self.scheme}://localhost:{self.port}"

    @property
    def url(self) -> str:
        return self.origin + MCP

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        finally:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            asked = await _read(reader)
            self.seen.append(asked)
            flawed = self.flaw(asked)
            told = self.healthy(asked) if flawed is None else flawed
            if told == HANG:
                await reader.read()
            writer.write(told)
            await writer.drain()
            with suppress(TimeoutError):  # what a client still sends must not turn the answer into a reset
                async with asyncio.timeout(0.05):
                    while await reader.read(65536):
                        pass

    def healthy(self, asked: Asked) -> bytes:
        """The right answer."""
        if asked.headers is None or asked.method not in ("GET", "POST", "DELETE", "OPTIONS"):
            return answer(431 if len(asked.raw) > _HEAD_LIMIT else 400)
        if len(asked.body) > LIMIT:
            return answer(413)
        if asked.path != MCP:
            document = {"resource": self.url, "authorization_servers": [f"{self.origin}/realms/fake"]}
            return answer(200, document) if asked.path == METADATA else answer(404)
        if asked.headers.get("origin", INSPECTOR) != INSPECTOR:
            return answer(403)
        if asked.method == "OPTIONS":
            return answer(204)
        is_good = asked["authorization"] == f"Bearer {TOKEN}"
        return self._inside(asked) if is_good else self.refusal(asked)

    def refusal(self, asked: Asked, **parameters: str) -> bytes:
        named = {"resource_metadata": self.origin + METADATA, "scope": "mcp:fake"} | parameters
        if asked["authorization"].startswith("Bearer"):
            named["error"] = "invalid_token"
        challenge = "Bearer " + ", ".join(f'{name}="{text}"' for name, text in named.items())
        return answer(401, {"error": "no"}, WWW_Authenticate=challenge)

    def _inside(self, asked: Asked) -> bytes:
        if not is_json_media_type(asked["content-type"]) or asked["content-encoding"]:
            return answer(415)
        try:
            message = read_message(asked.body)
        except MalformedMessage as error:
            return answer(400, error_body(error.code, error.text))
        if mirror_fault(message, asked["mcp-method"] or None, None):
            return answer(400, error_body(-32020, "mirror"))
        if message.id is None:
            return answer(202)
        known = _RESULTS.get(str(message.method))
        return answer(403, error_body(-32003, "no")) if known is None else result(known)


async def _read(reader: asyncio.StreamReader) -> Asked:
    raw = b""
    async with asyncio.timeout(10):
        while b"\r\n\r\n" not in raw and b"\n\n" not in raw and len(raw) <= 2 * _HEAD_LIMIT:
            if not (chunk := await reader.read(65536)):
                break
            raw += chunk
        asked = _strictly(raw)
        length = int(asked["content-length"] or 0)
        return asked if length <= len(asked.body) else await _rest(reader, asked, length)


async def _rest(reader: asyncio.StreamReader, asked: Asked, length: int) -> Asked:
    more = await reader.readexactly(length - len(asked.body))
    return Asked(asked.raw + more, asked.method, asked.path, asked.headers, asked.body + more)


def _strictly(raw: bytes) -> Asked:
    head, end, body = raw.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    request_line = _REQUEST_LINE.fullmatch(lines[0])
    found = [_LINE.fullmatch(line) for line in lines[1:]]
    if not (end and request_line) or len(head) > _HEAD_LIMIT or len(found) > 100 or b".." in lines[0]:
        return Asked(raw)
    headers = {match[1].decode().lower(): match[2].decode().strip() for match in found if match}
    # Every line is a header, none comes twice, and only a length says where the request ends
    if len(headers) != len(found) or "transfer-encoding" in headers or b"//" in lines[0]:
        return Asked(raw)
    if "content-length" in headers and not _NUMBER.fullmatch(headers["content-length"].encode()):
        return Asked(raw)
    return Asked(raw, request_line[1].decode(), request_line[2].decode(), headers, body)


@asynccontextmanager
async def running_gateway(flaw: Flaw = lambda _: None, tls: ssl.SSLContext | None = None) -> AsyncIterator[FakeGateway]:
    """On a free port of the loopback interface."""
    gateway = FakeGateway(flaw, scheme="https" if tls else "http")
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        with suppress(asyncio.CancelledError):  # by the end of the test, below
            await gateway.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    gateway.port = server.sockets[0].getsockname()[1]
    try:
        yield gateway
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # a transport closes one turn of the loop after it is aborted
