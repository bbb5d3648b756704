"""A stand-in between the authorizer and a real Keycloak: it hands questions on, or misbehaves as it is told."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from tests.support.behaviours import Behaviour, serving
from tests.support.fake_keycloak import INTROSPECTION_PATH

START_S = 20


@dataclass
class KeycloakBetween:
    """``behaviour`` answers introspections instead of Keycloak; ``spoil`` changes the form, ``bend`` the answer.
    Where it does not ``keeps_connections``, every question needs a new one.

    ``asked`` are the moments (``time.monotonic()``) at which questions came, ``tokens`` what they were about.
    """

    keycloak: str
    url: str = ""
    behaviour: Behaviour | None = None
    spoil: Callable[[dict[str, str]], dict[str, str]] = lambda form: form
    bend: Callable[[dict[str, Any]], dict[str, Any]] = lambda answer: answer
    keeps_connections: bool = True
    asked: list[float] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def behave(self) -> None:
        """From now on everything is handed on as it is."""
        self.behaviour, self.spoil, self.bend = None, lambda form: form, lambda answer: answer
        self.keeps_connections = True

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path != INTROSPECTION_PATH:
            return await self._hand_on(request, await request.read())
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(time.monotonic())
        self.tokens.append(form.get("token", ""))
        return await (self.behaviour(request) if self.behaviour else self.introspect(form))

    async def introspect(self, form: dict[str, str]) -> web.Response:
        """Keycloak's own answer."""
        url = self.keycloak + INTROSPECTION_PATH
        async with aiohttp.ClientSession() as session, session.post(url, data=self.spoil(form)) as answer:
            body = await answer.read()
        if answer.status == 200:
            body = json.dumps(self.bend(json.loads(body))).encode()
        response = web.Response(status=answer.status, body=body, content_type="application/json")
        if not self.keeps_connections:
            response.force_close()
        return response

    async def _hand_on(self, request: web.Request, body: bytes) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        url = self.keycloak + request.raw_path
        async with (
            aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.request(request.method, url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            response = web.Response(status=answer.status, body=await answer.read())
            for name, value in answer.headers.items():
                if name.lower() not in {*_HOP_BY_HOP, "content-type"}:
                    response.headers.add(name, value)
            response.headers["Content-Type"] = answer.headers.get("Content-Type", "application/octet-stream")
        return response


_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "upgrade", "te", "trailer"}


@contextmanager
def keycloak_between(keycloak: str, port: int = 0) -> Iterator[KeycloakBetween]:
    """On a free port, or this one, of loopback, in a thread of its own, so that a test can wait while it works."""
    between = KeycloakBetween(keycloak)
    ready, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(between, port, ready, stop)), name="keycloak-between")
    thread.start()
    try:
        assert ready.wait(START_S), "the stand-in did not start"
        yield between
    finally:
        stop.set()
        thread.join(START_S)


async def _serve(between: KeycloakBetween, port: int, ready: threading.Event, stop: threading.Event) -> None:
    async with serving(between.handle, port) as between.url:
        ready.set()
        while not stop.is_set():  # noqa: ASYNC110 - a thread sets it, which no asyncio.Event can wait for
            await asyncio.sleep(0.05)
