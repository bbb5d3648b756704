"""Asking a server for its tools: in the forms in which servers answer, and when they do not."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from gateway.resources.asking import ask_tools
from gateway.resources.errors import NotAnswering
from gateway.resources.server import read_upstream
from gateway.runner.background import in_thread

from tests.support.ports import free_ports

INITIALIZED = {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": "x", "version": "1"}}
SESSION = "session-1"


class Server:
    """An MCP server in miniature. `as_events`: answers are event streams, behind a session."""

    def __init__(self, *tools: str, as_events: bool = False, status: int = 200, host: str | None = None) -> None:
        self.tools, self.as_events, self.status, self.host = tools, as_events, status, host
        self.requests: list[web.Request] = []
        self.port = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        if self.host and request.headers["Host"] != self.host:
            return web.Response(status=421)
        if self.status != 200:
            return web.Response(status=self.status)
        if request.method == "DELETE":
            return web.Response()
        message = json.loads(await request.read())
        if "id" not in message:
            return web.Response(status=202)
        if self.as_events and message["method"] != "initialize" and request.headers.get("Mcp-Session-Id") != SESSION:
            return web.Response(status=400)
        listed = {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in self.tools]}
        result = INITIALIZED if message["method"] == "initialize" else listed
        return self._form({"jsonrpc": "2.0", "id": message["id"], "result": result})

    def _form(self, message: dict[str, object]) -> web.Response:
        if not self.as_events:
            return web.json_response(message)
        text = f": a comment\n\nevent: message\nid: 1\ndata: {json.dumps(message)}\n\n"
        return web.Response(text=text, content_type="text/event-stream", headers={"Mcp-Session-Id": SESSION})


Serve = Callable[[Server], Awaitable[Server]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    runners = []

    async def start(server: Server) -> Server:
        app = web.Application()
        app.router.add_route("*", "/mcp", server.answer)
        runners.append(web.AppRunner(app))
        await runners[-1].setup()
        await web.TCPSite(runners[-1], "127.0.0.1", 0).start()
        server.port = runners[-1].addresses[0][1]
        return server

    yield start
    for runner in runners:
        await runner.cleanup()


async def ask(url: str, **options: str) -> list[str]:
    upstream = read_upstream(url, **options)  # type: ignore[arg-type]
    return list(await in_thread(lambda _: ask_tools(upstream, Path("/nowhere"), ["mcp:notes"])))


@pytest.mark.covers("M6")
@pytest.mark.parametrize("as_events", [False, True])
async def test_its_tools_are_those_that_it_lists_with_or_without_a_session(serve: Serve, as_events: bool) -> None:
    server = await serve(Server("read", "write", as_events=as_events))
    assert await ask(f"http://127.0.0.1:{server.port}/mcp") == ["read", "write"]
    assert (server.requests[-1].method == "DELETE") is as_events, "a session that was opened is ended"


@pytest.mark.covers("R6", "M6")
async def test_it_is_asked_with_the_host_header_and_identity_that_it_will_see_and_without_a_token(serve: Serve) -> None:
    server = await serve(Server("read", host="localhost:1"))
    assert await ask(f"http://127.0.0.1:{server.port}", host="localhost:1") == ["read"]
    headers = server.requests[0].headers
    assert (headers["X-User-Scopes"], "Authorization" in headers) == ("mcp:notes", False)


@pytest.mark.parametrize(
    ("server", "path", "says"),
    [
        (Server("read"), "/other", "404.*--path"),
        (Server("read", host="notes"), "/mcp", "421.*--host"),
        (Server("read", status=401), "/mcp", "401.*a token of its own"),
        (Server("read", status=405), "/mcp", "405.*--path"),
        (Server("read", status=500), "/mcp", "does not answer as an MCP server does"),
        (Server("a b"), "/mcp", "'a b'.*--tool"),
        (Server(), "/mcp", "lists no tools.*--tool"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_server_that_cannot_be_asked_is_told_with_what_to_try(
    serve: Serve, server: Server, path: str, says: str
) -> None:
    await serve(server)
    with pytest.raises(NotAnswering, match=says):
        await ask(f"http://127.0.0.1:{server.port}{path}")


async def test_a_server_that_does_not_listen_is_told_with_its_url() -> None:
    (port,) = free_ports(1)
    with pytest.raises(NotAnswering, match=f"http://127.0.0.1:{port}/mcp cannot be asked .*refused.*--tool"):
        await ask(f"http://127.0.0.1:{port}")
