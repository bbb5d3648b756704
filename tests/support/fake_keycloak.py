"""A stand-in for Keycloak's introspection endpoint, which misbehaves as it is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from jwcrypto.jwk import JWKSet

from tests.support.authz import answer
from tests.support.behaviours import Behaviour, json_answer, serving

INTROSPECTION_PATH = "/realms/mcp-gateway/protocol/openid-connect/token/introspect"
CERTS_PATH = "/realms/mcp-gateway/protocol/openid-connect/certs"


@dataclass
class FakeKeycloak:
    """``forms`` are the introspection requests received; ``others`` the paths of any other request.

    ``keys`` are those that the realm publishes.
    """

    url: str = ""
    behaviour: Behaviour = field(default_factory=lambda: json_answer(answer()))
    forms: list[dict[str, str]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    keys: JWKSet = field(default_factory=JWKSet)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path == CERTS_PATH:
            return web.json_response(text=self.keys.export(private_keys=False))
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
    async with serving(fake.handle) as fake.url:
        yield fake


def active(**changes: Any) -> Behaviour:
    return json_answer(answer(**changes))
