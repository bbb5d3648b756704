"""The registration endpoint before a stand-in for Keycloak's, and a client before it, all over real HTTP."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from ext_authz.keycloak_registration import KeycloakRegistration, registration_path
from ext_authz.registration_http import RegistrationEndpoint

from tests.support.behaviours import Behaviour, raw, serving, serving_app

PATH = registration_path("mcp-gateway")
ORIGIN = "http://localhost:6274"
LOGOUT_URL = "http://ext-authz:8090/backchannel-logout"
DEADLINE_SECONDS = 0.4
ASKED = {"redirect_uris": ["http://localhost:6274/oauth/callback"], "token_endpoint_auth_method": "none"}
REGISTERED = {
    "client_id": "client-1",
    "client_id_issued_at": 1795456326,
    "redirect_uris": ASKED["redirect_uris"],
    "registration_client_uri": f"http://keycloak:8080{PATH}/client-1",
    "registration_access_token": "the-management-token",
    "backchannel_logout_uri": LOGOUT_URL,
    "backchannel_logout_session_required": True,
}


@dataclass
class FakeRegistry:
    """Answers every request by ``behaviour``, and keeps what it was sent."""

    url: str = ""
    behaviour: Behaviour = field(default_factory=lambda: raw(201, json.dumps(REGISTERED).encode(), "application/json"))
    requests: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.raw_path))
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        self.bodies.append(await request.json() if request.can_read_body else None)
        return await self.behaviour(request)


@dataclass
class FakeObserver:
    """Keeps what it was told."""

    registrations: list[tuple[str, str, int]] = field(default_factory=list)
    causes: list[tuple[str, str]] = field(default_factory=list)

    def registration(self, request_id: str, outcome: str, status: int, seconds: float) -> None:
        assert 0 <= seconds < 60
        self.registrations.append((request_id, outcome, status))

    def unavailable(self, request_id: str, cause: str) -> None:
        self.causes.append((request_id, cause))


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Any
    members: dict[str, Any]


@dataclass(frozen=True)
class Door:
    """The endpoint, and a client before it."""

    url: str
    session: aiohttp.ClientSession
    observer: FakeObserver

    async def post(self, body: bytes | None = None, **headers: str) -> Answer:
        """``body`` is a good one where none is given; ``Content_Type`` becomes Content-Type."""
        sent = {"Content-Type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
        data = json.dumps(ASKED).encode() if body is None else body
        async with self.session.post(self.url + PATH, data=data, headers=sent, allow_redirects=False) as response:
            assert response.content_type == "application/json"
            assert response.headers["Cache-Control"] == "no-store"
            return Answer(response.status, response.headers, await response.json())


@asynccontextmanager
async def running_registry() -> AsyncIterator[FakeRegistry]:
    """On a free port of the loopback interface."""
    fake = FakeRegistry()
    async with serving(fake.handle) as fake.url:
        yield fake


@asynccontextmanager
async def door_to(keycloak_url: str) -> AsyncIterator[Door]:
    """An endpoint that asks the Keycloak at this URL."""
    observer = FakeObserver()
    app = web.Application(client_max_size=1024)
    async with AsyncExitStack() as closing:
        registry = await closing.enter_async_context(
            aclosing(KeycloakRegistration(keycloak_url, "mcp-gateway", LOGOUT_URL))
        )
        endpoint = RegistrationEndpoint(registry, frozenset({ORIGIN}), observer, deadline_seconds=DEADLINE_SECONDS)
        app.router.add_post(PATH, endpoint.handle)
        url = await closing.enter_async_context(serving_app(app))
        yield Door(url, await closing.enter_async_context(aiohttp.ClientSession()), observer)
