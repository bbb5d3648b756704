"""What a fake server does with a request, in every way of going wrong that was thought of; and where it listens."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]
Faults = Mapping[str, tuple[Behaviour, str]]
"""By a name for people: what the server does, and the cause that is told of it."""


def each(faults: Faults) -> pytest.MarkDecorator:
    """A test of every fault, with its ``behaviour`` and its ``cause``."""
    return pytest.mark.parametrize(("behaviour", "cause"), faults.values(), ids=faults.keys())


@asynccontextmanager
async def serving(handle: Behaviour, port: int = 0) -> AsyncIterator[str]:
    """Every request to a free port of the loopback interface, or to this one, goes to ``handle``. The URL, pathless."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    async with serving_app(app, port) as url:
        yield url


@asynccontextmanager
async def serving_app(app: web.Application, port: int = 0) -> AsyncIterator[str]:
    """The same for an application with routes of its own."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, auto_decompress=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def json_answer(members: Any) -> Behaviour:
    return raw(200, json.dumps(members).encode(), "application/json")


def raw(status: int, body: bytes, content_type: str = "text/html", **headers: str) -> Behaviour:
    async def behaviour(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, content_type=content_type, headers=headers)

    return behaviour


def huge(members: Mapping[str, Any], size: int, *, chunked: bool) -> Behaviour:
    """An answer that would be good, but that it is padded to more than ``size`` bytes."""

    async def behaviour(request: web.Request) -> web.StreamResponse:
        body = json.dumps({**members, "padding": "x" * size}).encode()
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
