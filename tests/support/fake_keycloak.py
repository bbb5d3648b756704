"""A scripted stand-in for Keycloak's introspection endpoint that can misbehave in every way that was thought of."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.support.authz import answer

INTROSPECTION_PATH = "/realms/mcp-gateway/protocol/openid-connect/token/introspect"

Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class FakeKeycloak:
    """``forms`` are the introspection requests received; ``others`` the paths of any other request."""

    url: str = ""
    behaviour: Behaviour = field(default_factory=lambda: json_answer(answer()))
    forms: list[dict[str, str]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path != INTROSPECTION_PATH or request.method != "POST":
            self.others.append(request.path)
            return web.json_response({"realm": "mcp-gateway"})
        self.forms.append({name: str(value) for name, value in (await request.post()).items()})
        self.headers.append(dict(request.headers))
        return await self.behaviour(request)


@asynccontextmanager
async def running_keycloak() -> AsyncIterator[FakeKeycloak]:
    """On a free port of the loopback interface."""
    fake = FakeKeycloak()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", fake.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield fake
    finally:
        await runner.cleanup()


def active(**changes: Any) -> Behaviour:
    return json_answer(answer(**changes))


def json_answer(members: Any) -> Behaviour:
    return raw(200, json.dumps(members).encode(), "application/json")


def raw(status: int, body: bytes, content_type: str = "text/html", **headers: str) -> Behaviour:
    async def behaviour(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, content_type=content_type, headers=headers)

    return behaviour


def huge(size: int, *, chunked: bool) -> Behaviour:
    """An answer that would be good, in an object padded to more than ``size`` bytes."""

    async def behaviour(request: web.Request) -> web.StreamResponse:
        body = json.dumps(answer(padding="x" * size)).encode()
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        if chunked:
            response.enable_chunked_encoding()
        else:
            response.content_length = len(body)
        await response.prepare(request)
        for start in range(0, len(body), 65536):
            await response.write(body[start : start + 65536])
        return response

    return behaviour


def dripping() -> Behaviour:
    """A byte now and then, for ever: every single read succeeds."""

    async def behaviour(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.02)

    return behaviour


def silent() -> Behaviour:
    async def behaviour(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    return behaviour


def dropping(times: int, then: Behaviour) -> Behaviour:
    """Closes the connection without an answer, ``times`` times."""
    left = [times]

    async def behaviour(request: web.Request) -> web.StreamResponse:
        if left[0] == 0:
            return await then(request)
        left[0] -= 1
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    return behaviour


def cut_in_the_middle() -> Behaviour:
    """Promises more than it sends."""

    async def behaviour(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.content_length = 1000
        await response.prepare(request)
        await response.write(b'{"active": true')
        assert request.transport is not None
        request.transport.abort()
        return response

    return behaviour
