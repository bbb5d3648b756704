"""The gateway with the real Keycloak, in front of servers that write down what reaches them; and who signs in there."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from gateway.client.authorization import Tokens, authorize
from gateway.client.login_form import LoginForm
from keycloak import KeycloakAdmin

from tests.attacks.http1 import Door, answer_of, exchange, request
from tests.attacks.registry import NOTHING, Answer, Attack
from tests.support.recorder import Received, RecordingGateway

PASSWORD = "a-passw0rd-of-an-attack"
FENCE_DEADLINE_S = 20


@dataclass
class RealGateway:
    """``issued`` is every token that was made here: none may be in a log."""

    recording: RecordingGateway
    issued: set[str] = field(default_factory=set)

    @property
    def door(self) -> Door:
        return self.recording.settings.https_port, self.recording.stack.ca

    @property
    def received(self) -> list[Received]:
        return self.recording.received

    @property
    def origin(self) -> str:
        return self.recording.stack.url

    @property
    def keycloak(self) -> str:
        return f"http://localhost:{self.recording.stack.settings.keycloak_port}"

    def admin(self, realm: str = "mcp-gateway") -> KeycloakAdmin:
        password = self.recording.stack.settings.kc_bootstrap_admin_password.get_secret_value()
        return KeycloakAdmin(
            server_url=self.keycloak, username="admin", password=password, realm_name=realm, user_realm_name="master"
        )

    def call(self, token: str, path: str = "/mcp/calculator") -> Answer:
        return answer_of(exchange(self.door, request(path, token=token)))

    def held(self, attack: Attack, answer: Answer) -> None:
        assert answer in attack.answers, f"{attack.name}: answered {answer}, not {attack.outcome}"
        if attack.reaches == NOTHING:
            assert self.received == []

    def new_user(self) -> tuple[str, str]:
        """A user of this test's own: its id and its name."""
        name = f"user-{secrets.token_hex(4)}"
        credentials = [{"type": "password", "value": PASSWORD, "temporary": False}]
        user = self.admin().create_user(
            {
                "username": name,
                "enabled": True,
                "email": f"{name}@attacks.example",
                "emailVerified": True,
                "firstName": "A",
                "lastName": "User",
                "credentials": credentials,
            }
        )
        return user, name

    def new_client(self, **changed: Any) -> tuple[str, str]:
        """A public client of this test's own: its id and its client ID."""
        client_id = f"client-{secrets.token_hex(4)}"
        members = {
            "clientId": client_id,
            "publicClient": True,
            "redirectUris": ["http://127.0.0.1/*"],
            "fullScopeAllowed": False,
            "defaultClientScopes": ["basic", "mcp:calculator"],
        } | changed
        return self.admin().create_client(members), client_id

    def sign_in(self, user: str, *scopes: str, client_id: str = "mcp-client", accept_consent: bool = False) -> Tokens:
        """By the login form, through the stack's own door."""
        with self.recording.stack.client() as http:
            form = LoginForm(http, user, PASSWORD, origin=self.origin, accept_consent=accept_consent)
            tokens = authorize(http, f"{self.origin}/realms/mcp-gateway", client_id, scopes, form)
        self.keep(tokens.raw)
        return tokens

    def keep(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Remember every token in an answer of a token endpoint."""
        self.issued |= {str(value) for name, value in answer.items() if name.endswith("_token")}
        return answer

    def token_endpoint(self, name: str, form: dict[str, Any]) -> httpx.Response:
        with self.recording.stack.client() as http:
            return http.post(f"/realms/mcp-gateway/protocol/openid-connect/{name}", data=form)

    def logs(self) -> dict[str, str]:
        """What everybody logged so far; a request of our own has passed this door and the authorizer by then."""
        fence = f"fence-{secrets.token_hex(8)}"
        exchange(self.door, request(f"/mcp/calculator/{fence}"))
        deadline = time.monotonic() + FENCE_DEADLINE_S
        while not (fence in self._door_log() and fence in self.recording.stack.log("ext-authz")):
            assert time.monotonic() < deadline, "a request is not in every log"
            time.sleep(0.05)  # between two looks
        components: Sequence[str] = ("envoy", "ext-authz", "keycloak", "mcp-weather", "mcp-calculator")
        return {name: self.recording.stack.log(name) for name in components} | {"this door": self._door_log()}

    def _door_log(self) -> str:
        return Path(self.recording.settings.state_dir / "envoy.log").read_text(errors="replace")
