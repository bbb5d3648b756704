"""A real Keycloak with this project's realm, on free ports and with a database of its own.

It starts in about 20 s, so the tests that need it share one. Its PUBLIC_URL is its own address: there is no gateway
before it, and the links on its pages must lead back to it.
"""

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from gateway.client.authorization import Tokens, authorize
from gateway.client.login_form import LoginForm
from gateway.runner.keycloak_command import prepare_home, start_command, start_environment
from gateway.runner.keycloak_install import ensure_installed
from gateway.settings import load_settings
from keycloak import KeycloakAdmin

from tests.support.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
REALM_FILE = ROOT / "keycloak" / "realm-export.json"
READY_DEADLINE_S = 240  # 20 s on a machine with nothing else to do
STOP_DEADLINE_S = 20
POLL_S = 0.2
QUICK_START = "-XX:TieredStopAtLevel=1"  # a Keycloak that lives for a minute never earns the second compiler's work
GATEWAY_CLIENT = ("api-gateway", "api-gateway-secret-change-me")
TESTUSER = ("testuser", "testpassword123")


class _CookiesOverHttp(httpx.HTTPTransport):
    """Drops `Secure` from cookies, as if http://localhost were a secure context, which browsers take it for."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        response.headers = httpx.Headers(
            [
                (name, value.replace(b";Secure", b"") if name.lower() == b"set-cookie" else value)
                for name, value in response.headers.raw
            ]
        )
        return response


class ExactLoginForm(LoginForm):
    """The login form for a client that registered one exact redirect URI."""

    redirect_uri = "http://127.0.0.1:33333/callback"


@dataclass(frozen=True)
class RunningKeycloak:
    """Where it is, and the ways in which a test speaks to it."""

    url: str
    password: str
    log: Path

    @property
    def issuer(self) -> str:
        return f"{self.url}/realms/mcp-gateway"

    def endpoint(self, name: str) -> str:
        """The realm's protocol endpoint: auth, token, token/introspect, logout …"""
        return f"{self.issuer}/protocol/openid-connect/{name}"

    def http(self) -> httpx.Client:
        """A browser's worth of cookies, empty."""
        return httpx.Client(transport=_CookiesOverHttp(), timeout=20)

    def tokens(self, *scopes: str, client_id: str = "mcp-client", user: tuple[str, str] = TESTUSER) -> Tokens:
        """Tokens for `scopes` by the whole authorization code flow, in a browser of its own."""
        with self.http() as http:
            return self.sign_in(http, scopes, client_id=client_id, user=user)

    def sign_in(
        self,
        http: httpx.Client,
        scopes: Sequence[str],
        *,
        client_id: str = "mcp-client",
        user: tuple[str, str] = TESTUSER,
        accept_consent: bool = False,
    ) -> Tokens:
        form = ExactLoginForm(http, *user, origin=self.url, accept_consent=accept_consent)
        return authorize(http, self.issuer, client_id, scopes, form)

    def introspect(self, token: str) -> dict[str, Any]:
        """What the gateway is told about a token (RFC 7662)."""
        response = httpx.post(self.endpoint("token/introspect"), data={"token": token}, auth=GATEWAY_CLIENT)
        answer: dict[str, Any] = response.raise_for_status().json()
        return answer

    def register(self, **changed: Any) -> httpx.Response:
        """Register a client anonymously (RFC 7591)."""
        body = {
            "client_name": "A client",
            "redirect_uris": [ExactLoginForm.redirect_uri],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        }
        return httpx.post(f"{self.issuer}/clients-registrations/openid-connect", json=body | changed)

    def admin(self) -> KeycloakAdmin:
        """The administrator, at work in the realm."""
        return KeycloakAdmin(
            server_url=self.url,
            username="admin",
            password=self.password,
            realm_name="mcp-gateway",
            user_realm_name="master",
        )


@contextmanager
def running_keycloak(folder: Path) -> Iterator[RunningKeycloak]:
    """A Keycloak in `folder`, stopped at the end. The install is shared with `mcp-gateway up` (CACHE_DIR)."""
    port, management = free_ports(2)
    url, log = f"http://localhost:{port}", folder / "keycloak.log"
    settings = load_settings(public_url=url, keycloak_port=port, keycloak_management_port=management)
    install = asyncio.run(ensure_installed(settings.cache_dir, folder / "build.log", lambda _: None))
    home = folder / "home"
    prepare_home(home, install, REALM_FILE)
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("KC_")}
    environment = {**inherited, **start_environment(settings), "JAVA_TOOL_OPTIONS": QUICK_START}
    with (
        log.open("wb") as output,
        subprocess.Popen(start_command(home), cwd=home, env=environment, stdout=output, stderr=output) as process,
    ):
        try:
            _wait_until_ready(process, f"http://127.0.0.1:{management}/health/ready", log)
            yield RunningKeycloak(url, settings.kc_bootstrap_admin_password.get_secret_value(), log)
        finally:
            process.terminate()
            try:
                process.wait(STOP_DEADLINE_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_ready(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + READY_DEADLINE_S
    while time.monotonic() < deadline:
        try:
            if httpx.get(url).is_success:
                return
        except httpx.TransportError:
            pass  # it does not listen yet
        try:
            process.wait(POLL_S)
        except subprocess.TimeoutExpired:
            continue
        break
    raise AssertionError(f"Keycloak did not become ready:\n{log.read_text(errors='replace')[-4000:]}")
