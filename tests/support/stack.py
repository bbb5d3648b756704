"""A running gateway, started and stopped as a user would: by ``mcp-gateway up --detach`` and ``mcp-gateway down``."""

import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from gateway.runner.state import running_state
from gateway.settings import Settings, load_settings

from tests.support.ports import free_ports
from tests.support.runtime import await_taken_up, loads, rate_limit_layer, replace

ROOT = Path(__file__).resolve().parents[2]
START_DEADLINE_S = 480  # the first start on a machine downloads and builds Keycloak
STOP_DEADLINE_S = 60

PORTS = (
    "HTTPS_PORT",
    "HTTP_PORT",
    "DASHBOARD_PORT",
    "KEYCLOAK_PORT",
    "KEYCLOAK_MANAGEMENT_PORT",
    "AUTHZ_PORT",
    "AUTHZ_HTTP_PORT",
    "WEATHER_PORT",
    "CALCULATOR_PORT",
    "ENVOY_ADMIN_PORT",
)


@dataclass(frozen=True)
class Stack:
    """Where a running gateway is, and the ways in which a test speaks to it."""

    settings: Settings
    environment: dict[str, str]

    @property
    def url(self) -> str:
        return self.settings.origin

    @property
    def admin(self) -> str:
        return f"http://127.0.0.1:{self.settings.envoy_admin_port}"

    @property
    def ca(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.settings.certs_dir / "ca.crt"))

    def client(self, **options: Any) -> httpx.Client:
        """An HTTP client that trusts this gateway's CA and follows nothing by itself."""
        return httpx.Client(**{"base_url": self.url, "verify": self.ca, "timeout": 20, **options})

    def cli(self, *arguments: str, deadline_s: float = 120) -> subprocess.CompletedProcess[str]:
        """``mcp-gateway`` with these arguments, as a user would run it."""
        return subprocess.run(
            [sys.executable, "-m", "gateway", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=deadline_s,
            check=False,
        )

    def token(self, *scopes: str) -> str:
        """An access token for testuser, by the real login form; all scopes where none is named."""
        asked = [argument for scope in scopes for argument in ("--scope", scope)]
        done = self.cli("token", *asked)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def pids(self) -> dict[str, int]:
        """The process id of each component."""
        state = running_state(self.settings.state_dir)
        return {part.name: part.process.pid for part in state.components if part.process} if state else {}

    def kill(self, component: str) -> None:
        """SIGKILL, which no component can prepare for."""
        os.kill(self.pids()[component], signal.SIGKILL)

    def authorizer_metrics(self) -> str:
        """The authorizer's own figures, in Prometheus' form."""
        return httpx.get(f"http://127.0.0.1:{self.settings.authz_http_port}/metrics").text

    def rate_limit(self, *, enabled: bool) -> None:
        """Switches the rate limit by the runtime key, in the file that Envoy watches."""
        before = loads(self.admin)
        replace(self.settings.state_dir / "sds" / "runtime.yaml", rate_limit_layer(enabled=enabled))
        await_taken_up(self.admin, before)

    def log(self, component: str) -> str:
        """What a component has written so far."""
        return (self.settings.state_dir / "logs" / f"{component}.log").read_text(errors="replace")


@contextmanager
def running_stack(folder: Path, **overrides: str) -> Iterator[Stack]:
    """A gateway with a state of its own on free ports, stopped at the end. Only the Keycloak install is shared."""
    environment = _environment(folder) | overrides
    stack = Stack(_settings(environment), environment)
    try:
        started = stack.cli(
            "up", "--detach", deadline_s=START_DEADLINE_S
        )  # within: a test's own deadline may come first
        assert started.returncode == 0, f"the gateway did not start\n{started.stdout}\n{started.stderr}"
        stack.rate_limit(enabled=False)
        yield stack
    finally:
        stopped = stack.cli("down", deadline_s=STOP_DEADLINE_S)
        assert stopped.returncode == 0, stopped.stderr


def _environment(folder: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in {*PORTS, "PUBLIC_URL"}}
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    # Tests bring invalid tokens by the hundred, all from one address
    limits = {"FAILED_INTROSPECTIONS_PER_MINUTE": "0"}
    places = {"STATE_DIR": str(folder / "state"), "CERTS_DIR": str(folder / "certs")}
    # Of this checkout, whatever home the stack is given: Keycloak is built once, not for each home
    return inherited | ports | limits | places | {"CACHE_DIR": str(load_settings().cache_dir)}


def _settings(environment: dict[str, str]) -> Settings:
    named = {
        name.lower(): environment[name]
        for name in (*PORTS, "STATE_DIR", "CERTS_DIR", "PUBLIC_URL")
        if name in environment
    }
    return Settings(home=ROOT, **named)  # type: ignore[arg-type]
