"""A fake MCP server with a fake authorization server beside it, over real TLS: healthy, but for what a test spoils."""

import base64
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from gateway.certificates.files import Pair, write_certificate, write_key
from gateway.certificates.issuing import Authority, issue_ca, issue_leaf, new_key
from gateway.certificates.leaves import Leaf

MCP = "/mcp/fake"
REALM = "/realms/fake"
INSPECTOR = "http://localhost:6274"
CLIENT, SECRET = "introspector", "a-secret-that-nobody-may-see"
HEADERS = (
    "authorization, content-type, accept, mcp-protocol-version, mcp-session-id, mcp-method, mcp-name, last-event-id"
)
TOOL = {"name": "add", "inputSchema": {"type": "object", "properties": {"a": {}}, "required": ["a"]}}
Json = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """An answer before it is sent; `body` is JSON, bytes, or None."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def having(self, **headers: str) -> "Reply":
        """With these headers too; `None` is not needed, see `without`."""
        return replace(self, headers=self.headers | {name.replace("_", "-"): text for name, text in headers.items()})

    def without(self, *names: str) -> "Reply":
        return replace(self, headers={k: v for k, v in self.headers.items() if k not in names})

    def saying(self, **members: Any) -> "Reply":
        """With these members in its JSON; one that is None is taken away."""
        body = {**self.body, **members}
        return replace(self, body={name: value for name, value in body.items() if value is not None})


Spoil = Callable[[web.Request, Reply], Reply]


def healthy(request: web.Request, reply: Reply) -> Reply:
    return reply


@dataclass
class FakeServer:
    """`spoil` changes answers; `seen` is every request with its headers, for tests of what was sent where."""

    port: int = 0
    spoil: Spoil = healthy
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def url(self) -> str:
        return self.origin + MCP

    @property
    def issuer(self) -> str:
        return self.origin + REALM

    def token(self, **changes: Any) -> str:
        """The JWT that this server takes for good, unsigned; with changes it is another, and refused."""
        claims = {"aud": ["api", self.url], "scope": "openid mcp:fake", "exp": 2**33, "iat": 1_700_000_000} | changes
        parts = ({"alg": "RS256"}, claims, {"sig": "of a fake"})
        return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append((request.method, request.path, dict(request.headers)))
        reply = self.spoil(request, await self._reply(request))
        headers = dict(reply.headers)
        raw = (
            reply.body
            if isinstance(reply.body, bytes)
            else b""
            if reply.body is None
            else json.dumps(reply.body).encode()
        )
        if reply.body is not None:
            headers.setdefault("Content-Type", "application/json")
        response = web.Response(status=reply.status, body=raw, headers=headers)
        if "Server" not in headers:
            response.headers["Server"] = "fake"
        return response

    async def _reply(self, request: web.Request) -> Reply:
        reply = await self._mcp(request) if request.path == MCP else await self._discovery(request)
        reply = reply.having(strict_transport_security="max-age=1", x_content_type_options="nosniff")
        if request.headers.get("Origin") == INSPECTOR:
            reply = reply.having(
                access_control_allow_origin=INSPECTOR, access_control_expose_headers="WWW-Authenticate"
            )
        return reply

    async def _discovery(self, request: web.Request) -> Reply:
        documents: dict[str, Json] = {
            f"/.well-known/oauth-protected-resource{MCP}": {
                "resource": self.url,
                "authorization_servers": [self.issuer],
                "scopes_supported": ["mcp:fake"],
            },
            f"/.well-known/oauth-authorization-server{REALM}": {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/auth",
                "token_endpoint": f"{self.issuer}/token",
                "introspection_endpoint": f"{self.issuer}/introspect",
                "registration_endpoint": f"{self.issuer}/register",
                "code_challenge_methods_supported": ["S256"],
            },
        }
        if request.path in documents:
            return Reply(200, documents[request.path])
        if request.path == f"{REALM}/register":
            kept = {name: value for name, value in (await request.json()).items() if name != "scope"}
            return Reply(201, kept | {"client_id": "fake-client", "registration_access_token": SECRET})
        if request.path == f"{REALM}/introspect":
            return Reply(200, {"active": (await request.post())["token"] == self.token(), "aud": [self.url]})
        return Reply(404)

    async def _mcp(self, request: web.Request) -> Reply:
        if request.method == "OPTIONS":
            return Reply(204).having(
                access_control_allow_methods="GET, POST, DELETE", access_control_allow_headers=HEADERS
            )
        if request.headers.get("Origin", INSPECTOR) != INSPECTOR:
            return Reply(403)
        if (sent := request.headers.get("Authorization")) != f"Bearer {self.token()}":
            return self._refusal(sent)
        if request.method != "POST":
            return Reply(405, headers={"Allow": "POST"})
        return _result(await request.json())

    def _refusal(self, sent: str | None) -> Reply:
        metadata = f"{self.origin}/.well-known/oauth-protected-resource{MCP}"
        error = ', error="invalid_token"' if sent else ""
        challenge = f'Bearer resource_metadata="{metadata}", scope="mcp:fake"{error}'
        return Reply(401, {"error": "no"}, {"WWW-Authenticate": challenge})


def _result(message: Json) -> Reply:
    results: dict[str, Json] = {
        "initialize": {"protocolVersion": "2025-11-25", "serverInfo": {"name": "fake"}, "capabilities": {}},
        "server/discover": {"supportedVersions": ["2026-07-28"], "capabilities": {}},
        "tools/list": {"tools": [TOOL]},
    }
    if "id" not in message:
        return Reply(202)
    return Reply(200, {"jsonrpc": "2.0", "id": message["id"], "result": results[message["method"]]})


@dataclass
class Pki:
    """A CA, and certificates that it issues as a test wants them."""

    folder: Path

    def __post_init__(self) -> None:
        self.now = datetime.now(UTC)
        key = new_key()
        self.authority = Authority(issue_ca(key, self.now - timedelta(days=900)), key)
        write_certificate(Pair(self.folder, "ca"), self.authority.certificate)
        self.ca = Pair(self.folder, "ca").crt

    def server(self, *names: str, age: timedelta = timedelta(), by: Authority | None = None) -> ssl.SSLContext:
        """TLS of a server whose certificate was issued `age` ago, for 397 days."""
        key, pair = new_key(), Pair(self.folder, f"server-{time.monotonic_ns()}")
        leaf = issue_leaf(Leaf("server", names or ("localhost",), ()), key, by or self.authority, self.now - age)
        write_key(pair, key)
        write_certificate(pair, leaf)
        return context_of(pair)

    def self_signed(self) -> ssl.SSLContext:
        """TLS of a server that vouches for itself."""
        key, pair = new_key(), Pair(self.folder, "self-signed")
        write_key(pair, key)
        write_certificate(pair, issue_ca(key, self.now))
        return context_of(pair)

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.ca))


def context_of(pair: Pair) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.crt, pair.key)
    # It is no HTTP/2 server: the doctor looks at what the handshake offers, and then speaks HTTP/1.1.
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


@asynccontextmanager
async def running_fake(context: ssl.SSLContext | None, spoil: Spoil = healthy) -> AsyncIterator[FakeServer]:
    """On a free port of the loopback interface; over plain HTTP where there is no context."""
    fake = FakeServer(spoil=spoil)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", fake.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        fake.port = runner.addresses[0][1]
        yield fake
    finally:
        await runner.cleanup()
