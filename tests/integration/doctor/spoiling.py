"""How a test spoils one answer of the healthy fake, and what it then expects of the doctor."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from aiohttp import web
from gateway.doctor.findings import Level

from tests.support.fake_mcp_server import MCP, REALM, Reply, Spoil

WARNING, FAILURE = Level.WARNING, Level.FAILURE
Change = Callable[[Reply], Reply]
RESOURCE = f"/.well-known/oauth-protected-resource{MCP}"
SERVER = f"/.well-known/oauth-authorization-server{REALM}"


def at(path: str, change: Change) -> Spoil:
    return lambda request, reply: change(reply) if request.path == path else reply


def on_refusal(change: Change, *, with_token: bool | None = False) -> Spoil:
    """On the 401 to a request without a token, with one, or (None) with either."""

    def spoil(request: web.Request, reply: Reply) -> Reply:
        fits = with_token is None or with_token == ("Authorization" in request.headers)
        return change(reply) if request.path == MCP and reply.status == 401 and fits else reply

    return spoil


def on_method(method: str, change: Change) -> Spoil:
    """On a JSON-RPC result's method, which the fake's results tell apart, or on an HTTP method."""
    return lambda request, reply: change(reply) if request.path == MCP and request.method == method else reply


def on_result(member: str, change: Change) -> Spoil:
    def spoil(request: web.Request, reply: Reply) -> Reply:
        is_it = isinstance(reply.body, dict) and member in reply.body.get("result", {})
        return change(reply) if is_it else reply

    return spoil


def on_origin(change: Change) -> Spoil:
    return lambda request, reply: change(reply) if request.headers.get("Origin", "").startswith("https") else reply


def challenge(text: str) -> Change:
    return lambda reply: reply.having(**{"WWW-Authenticate": text})


def becomes(status: int, body: object = None, **headers: str) -> Change:
    return lambda reply: Reply(status, body, headers)


def tools(*listed: object) -> Change:
    return lambda reply: replace(reply, body={**reply.body, "result": {"tools": list(listed)}})


def in_query(request: web.Request, reply: Reply) -> Reply:
    seen = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return replace(reply, headers=reply.headers | seen) if "access_token" in request.query else reply


NO_ERROR = 'Bearer resource_metadata="https://localhost/m", scope="mcp:fake"'
REFUSED = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "refused"}}
TWO = {"name": "add", "inputSchema": {"type": "object"}}


@dataclass(frozen=True)
class Broken:
    """What is spoilt, and what the doctor should say of which step."""

    step: str
    level: Level
    spoil: Spoil
    cause: str
    fix: str
