"""The gateway with everything around it scripted: the committed Envoy and the authorizer are real, Keycloak and both
servers are stand-ins that write down what reaches them.

So a test sees not only that a server was not called, but also what Keycloak was asked, and it can answer with claims
that the real one never gives.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from anyio.from_thread import BlockingPortal, start_blocking_portal
from ext_authz.grpc_server import Tls
from gateway.certificates.ensure import ensure_certificates
from gateway.settings import Settings

from tests.attacks.http1 import Door, exchange, request
from tests.attacks.registry import NOTHING, Answer, Attack
from tests.support import authz_process
from tests.support.authz_process import Authorizer, running_authorizer
from tests.support.behaviours import serving
from tests.support.fake_keycloak import INTROSPECTION_PATH, FakeKeycloak
from tests.support.ports import free_ports
from tests.support.recorder import Received, RecordingGateway, recording_gateway
from tests.support.stack import PORTS, ROOT, Stack

TOKEN = "good-t0ken.that-opens-both.servers"
EMAIL = "somebody@example.org"
CLIENT_SECRET = "the-client-secret-of-the-scripted-gateway"
CANARY = "c4nary-that-no-log-may-hold"
"""Put wherever an attack carries something of its own that no log may hold."""
SECRETS = (TOKEN, EMAIL, CLIENT_SECRET, CANARY)
SCOPES = "openid email mcp:weather mcp:weather:alerts mcp:calculator mcp:calculator:scientific"
FENCE_DEADLINE_S = 20
GRPC = "ext-authz (stderr)"
"""Where its gRPC library tells of failed handshakes, in lines of its own form."""


@dataclass
class ScriptedGateway:
    """``tokens`` says what Keycloak answers about a token; about any other it answers ``active: false``."""

    recording: RecordingGateway
    keycloak: FakeKeycloak
    authorizer: Authorizer
    at_keycloak: list[Received]
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def door(self) -> Door:
        return self.recording.settings.https_port, self.recording.stack.ca

    @property
    def received(self) -> list[Received]:
        """What reached the two servers."""
        return self.recording.received

    @property
    def asked(self) -> list[str]:
        """The tokens that Keycloak was asked about."""
        return [form["token"] for form in self.keycloak.forms]

    def claims(self, **changes: Any) -> dict[str, Any]:
        """A good answer about a token; a change to ``...`` removes a member."""
        now = int(time.time())
        url = self.recording.settings.origin
        members: dict[str, Any] = {
            "active": True,
            "iss": f"{url}/realms/mcp-gateway",
            "typ": "Bearer",
            "token_type": "Bearer",
            "sub": "user-1",
            "email": EMAIL,
            "scope": SCOPES,
            "aud": ["api-gateway", f"{url}/mcp/weather", f"{url}/mcp/calculator"],
            "exp": now + 300,
            "iat": now,
            "sid": "session-1",
        } | changes
        return {name: value for name, value in members.items() if value is not ...}

    def token_for(self, **changes: Any) -> str:
        """A new token, of which Keycloak says this."""
        token = f"token-{secrets.token_hex(8)}"
        self.tokens[token] = self.claims(**changes)
        return token

    def held(self, attack: Attack, answer: Answer) -> None:
        """The answer is one of those that are right, and no server was called where none may be."""
        assert answer in attack.answers, f"{attack.name}: answered {answer}, not {attack.outcome}"
        if attack.reaches == NOTHING:
            assert self.received == []

    def forget(self) -> None:
        """Nothing received, and only the good token known."""
        for kept in (self.received, self.keycloak.forms, self.keycloak.others, self.at_keycloak):
            kept.clear()
        self.tokens.clear()
        self.tokens[TOKEN] = self.claims()

    def logs(self) -> dict[str, str]:
        """All that was logged so far. A request of our own goes through both first, so what came before is there."""
        fence = f"fence-{secrets.token_hex(8)}"
        exchange(self.door, request(f"/mcp/calculator/{fence}"))
        deadline = time.monotonic() + FENCE_DEADLINE_S
        while not all(fence in log for log in self._logs_now().values()):
            assert time.monotonic() < deadline, "a request is not in every log"
            time.sleep(0.05)  # between two looks
        return self._logs_now() | {GRPC: "".join(self.authorizer.stderr)}

    def _logs_now(self) -> dict[str, str]:
        envoy = self.recording.settings.state_dir / "envoy.log"
        return {"envoy": envoy.read_text(errors="replace"), "ext-authz": "".join(self.authorizer.log)}


@contextmanager
def scripted_gateway(folder: Path, **environment: str) -> Iterator[ScriptedGateway]:
    """Runs one. ``environment`` changes the authorizer's settings."""
    with start_blocking_portal() as portal:
        keycloak, at_keycloak = FakeKeycloak(), list[Received]()
        with portal.wrap_async_context_manager(serving(_recorded(keycloak, at_keycloak))) as keycloak.url:
            stack = _around(folder, int(keycloak.url.rsplit(":", 1)[1]))
            with _authorizer(portal, stack, folder, environment) as authorizer, _gateway(stack, folder) as recording:
                gateway = ScriptedGateway(recording, keycloak, authorizer, at_keycloak)
                keycloak.behaviour = _by_token(gateway)
                gateway.forget()
                yield gateway


def _around(folder: Path, keycloak_port: int) -> Stack:
    ports = dict(zip((name.lower() for name in PORTS), free_ports(len(PORTS)), strict=True))
    places = {"certs_dir": folder / "certs", "state_dir": folder / "state"}
    settings = Settings(home=ROOT, **ports | {"keycloak_port": keycloak_port} | places)  # type: ignore[arg-type]
    ensure_certificates(settings.certs_dir, public_host="localhost", tell=lambda _: None)
    return Stack(settings, {})


@contextmanager
def _authorizer(portal: BlockingPortal, stack: Stack, folder: Path, changes: dict[str, str]) -> Iterator[Authorizer]:
    certs, settings = stack.settings.certs_dir, stack.settings
    tls = Tls(certs / "ext-authz.crt", certs / "ext-authz.key", certs / "ca.crt")
    variables = {
        "PUBLIC_URL": settings.origin,
        "GRPC_LISTEN": f"127.0.0.1:{settings.authz_port}",
        "HTTP_LISTEN": f"127.0.0.1:{settings.authz_http_port}",
        "KEYCLOAK_URL": f"http://127.0.0.1:{settings.keycloak_port}",
        "KEYCLOAK_CLIENT_SECRET": CLIENT_SECRET,
        "FAILED_INTROSPECTIONS_PER_MINUTE": "0",
    } | changes
    started = running_authorizer(authz_process.environment(tls, **variables), folder)
    with portal.wrap_async_context_manager(started) as authorizer:
        yield authorizer


@contextmanager
def _gateway(stack: Stack, folder: Path) -> Iterator[RecordingGateway]:
    place = folder / "recording"
    place.mkdir()
    with recording_gateway(stack, place) as recording:
        yield recording


def _recorded(keycloak: FakeKeycloak, received: list[Received]) -> Any:
    """Keeps what comes through the gateway's open routes; Envoy's health checks and introspections are not of them."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if request.path not in {INTROSPECTION_PATH, "/realms/mcp-gateway"}:
            headers = tuple((name.lower(), value) for name, value in request.headers.items())
            body = await request.read()
            received.append(Received("keycloak", request.method, request.raw_path, headers, body, ()))
        return await keycloak.handle(request)

    return handle


def _by_token(gateway: ScriptedGateway) -> Any:
    async def behaviour(request: web.Request) -> web.StreamResponse:
        token = str((await request.post())["token"])
        return web.json_response(gateway.tokens.get(token, {"active": False}))

    return behaviour
