"""A fake MCP server on aiohttp: answers each method as it is told, in either era, and writes down what it was sent."""

import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.support.behaviours import serving

Json = dict[str, Any]
Answer = Json | web.StreamResponse
Script = Callable[[web.Request, Json], Answer | Awaitable[Answer]]

INITIALIZED = {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": "fake", "version": "1"}}
DISCOVERED = {
    "supportedVersions": ["2026-07-28"],
    "capabilities": {"tools": {}},
    "resultType": "complete",
    "ttlMs": 0,
    "cacheScope": "private",
}


def listing(*names: str, **further: Any) -> Json:
    """A page of tools, as either era has it."""
    tools = [{"name": name, "inputSchema": {"type": "object"}} for name in names]
    return {"tools": tools, "resultType": "complete", "ttlMs": 0, "cacheScope": "private", **further}


def error(code: int, message: str) -> Json:
    return {"error": {"code": code, "message": message}}


def refused(status: int, message: str = "no", **headers: str) -> web.Response:
    """An answer of the gateway's kind: an error in JSON-RPC, with a status and headers."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return web.json_response({"jsonrpc": "2.0", "id": None, **error(-32001, message)}, status=status, headers=named)


@dataclass
class ScriptedServer:
    """`answers` by method: a result, `error(…)`, a whole response, or a function of the request and the message.

    A server with an answer to server/discover is of the modern era, any other of the older ones.
    """

    answers: dict[str, Answer | Script]
    origin: str = ""
    seen: list[tuple[web.Request, Json]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.origin}/mcp"

    @property
    def methods(self) -> list[str]:
        """What was sent, in order: the JSON-RPC method, or the HTTP one where there was no message."""
        return [message.get("method", request.method) for request, message in self.seen]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        message = json.loads(await request.read() or b"{}")
        self.seen.append((request, message))
        answer = await self._answer(request, message)
        if isinstance(answer, web.StreamResponse):
            return answer
        if "method" not in message:
            return web.Response(status=405)
        if "id" not in message:
            return web.Response(status=202)
        answer = answer or ({"result": INITIALIZED} if message["method"] == "initialize" else error(-32601, "unknown"))
        body = answer if "result" in answer or "error" in answer else {"result": answer}
        return web.json_response({"jsonrpc": "2.0", "id": message["id"], **body})

    async def _answer(self, request: web.Request, message: Json) -> Answer | None:
        told = self.answers.get(message.get("method", request.method))
        if not callable(told):
            return told
        answer = told(request, message)
        return await answer if inspect.isawaitable(answer) else answer


@asynccontextmanager
async def serving_script(**answers: Answer | Script) -> AsyncIterator[ScriptedServer]:
    """On a free port of the loopback interface; in a name `__` stands for the slash."""
    server = ScriptedServer({name.replace("__", "/"): answer for name, answer in answers.items()})
    async with serving(server.handle) as server.origin:
        yield server
