"""What the measurements share: a running gateway with a real Keycloak, authorizers beside it, tokens, and a folder."""

import json
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.cpu import Pids
from bench.load import token_file
from bench.plan import Plan
from bench.processes import Started, answers, started
from bench.tools import ROOT
from tests.support.mcp import tool_call
from tests.support.ports import free_ports
from tests.support.stack import Stack, running_stack

TOKENS = 32
"""Different ones in a warm measurement: one for each connection."""

SCOPE = "mcp:calculator"
ANY_HEALTH = (200, 503)
LAST_PORT = 65535
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class AnAuthorizer:
    """One of ours, beside the gateway's own."""

    process: Started
    grpc_port: int
    http_port: int

    @property
    def pids(self) -> Pids:
        return {"authorizer": self.process.pid}


@dataclass(frozen=True)
class Lab:
    """A measurement takes from it what it needs, and puts its files into ``folder``."""

    stack: Stack
    folder: Path
    plan: Plan

    @property
    def keycloak_url(self) -> str:
        return f"http://127.0.0.1:{self.stack.settings.keycloak_port}"

    @property
    def introspection_url(self) -> str:
        return f"{self.keycloak_url}/realms/mcp-gateway/protocol/openid-connect/token/introspect"

    @property
    def issuer(self) -> str:
        return f"{self.stack.url}/realms/mcp-gateway"

    @property
    def audience(self) -> str:
        return f"{self.stack.url}/mcp/calculator"

    def keys(self) -> str:
        """The realm's signing keys (a JWKS)."""
        url = f"{self.keycloak_url}/realms/mcp-gateway/protocol/openid-connect/certs"
        return httpx.get(url).raise_for_status().text

    def tokens(self, count: int = TOKENS) -> list[str]:
        """Fresh access tokens of the real Keycloak; they are good for five minutes."""
        url = f"{self.keycloak_url}/realms/mcp-gateway/protocol/openid-connect/token"
        secret = self.stack.settings.mcp_machine_secret.get_secret_value()
        with httpx.Client(auth=("mcp-machine", secret), timeout=20) as client:
            asked = {"grant_type": "client_credentials", "scope": SCOPE}
            return [str(client.post(url, data=asked).raise_for_status().json()["access_token"]) for _ in range(count)]

    def token_file(self, name: str, tokens: list[str]) -> Path:
        """Tokens for the load source."""
        return token_file(self.folder / f"{name}.tokens", tokens)

    def real_tokens(self) -> Path:
        """The file of real tokens; asked for again, it has fresh ones, for whoever was given its name before."""
        return self.token_file("real", self.tokens())

    def body(self, size: int = 0) -> Path:
        """A ``tools/call`` of ``add``, filled up to ``size`` bytes."""
        message = tool_call("add", a=1, b=2)
        if fill := size - len(json.dumps(message)) - len(', "note": ""'):
            message["params"]["arguments"] |= {"note": "x" * fill} if fill > 0 else {}
        file = self.folder / f"body-{size}.json"
        file.write_text(json.dumps(message), encoding="ascii")
        return file

    @contextmanager
    def authorizer(self, name: str, changes: Mapping[str, str] = NOTHING, workers: int = 1) -> Iterator[AnAuthorizer]:
        """``python -m ext_authz`` with the gateway's own settings, and ``changes`` to its variables.

        Each of its workers listens on a port of its own, counted on from the first.
        """
        (http_port,) = free_ports(1)
        grpc_port = free_row_of_ports(workers)
        settings = self.stack.settings
        variables = {
            "PUBLIC_URL": settings.origin,
            "POLICY_FILE": str(settings.policy_file),
            "GRPC_LISTEN": f"127.0.0.1:{grpc_port}",
            "HTTP_LISTEN": f"127.0.0.1:{http_port}",
            "KEYCLOAK_URL": self.keycloak_url,
            "EXT_AUTHZ_WORKERS": str(workers),
            "ENVOY_STATUS_URL": f"http://127.0.0.1:{settings.dashboard_port}",
            "FAILED_INTROSPECTIONS_PER_MINUTE": "0",
            "TLS_CERT_FILE": str(settings.certs_dir / "ext-authz.crt"),
            "TLS_KEY_FILE": str(settings.certs_dir / "ext-authz.key"),
            "TLS_CA_FILE": str(settings.certs_dir / "ca.crt"),
        }
        command = [sys.executable, "-m", "ext_authz"]
        ready = answers(f"http://127.0.0.1:{http_port}/health", *ANY_HEALTH)
        log = self.folder / f"authorizer-{name}.log"
        with started(command, log, ready, environment={**variables, **changes}, folder=ROOT / "ext-authz") as process:
            yield AnAuthorizer(process, grpc_port, http_port)


def free_row_of_ports(count: int) -> int:
    """The first of ``count`` neighbouring ports on which nothing listens."""
    while True:
        (first,) = free_ports(1)
        if first + count <= LAST_PORT and all(_is_free(port) for port in range(first, first + count)):
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as candidate:
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextmanager
def lab(folder: Path, plan: Plan) -> Iterator[Lab]:
    """Starts the gateway as ``make up`` does, on free ports and with rate limits off; stops it at the end."""
    with running_stack(folder / "gateway") as stack:
        yield Lab(stack, folder, plan)
