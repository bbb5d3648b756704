"""Envoy with the committed configuration before two of everything, each a process that a test can stop by itself.

Keycloak is the fake one, in a thread: what it says of tokens is not what these tests are about.
"""

import asyncio
import os
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from ext_authz.grpc_server import Tls
from gateway.certificates import ensure_certificates
from gateway.runner.envoy import envoy_binary
from gateway.settings import Settings

from tests.support.authz_process import environment
from tests.support.fake_keycloak import active, running_keycloak
from tests.support.own_envoy import write_own_topology
from tests.support.ports import free_ports, ports_in_a_row
from tests.support.runner import ROOT, eventually

FAR_AWAY = 4_102_444_800
PORTS = ("https_port", "http_port", "dashboard_port", "weather_port", "envoy_admin_port", "keycloak_port")
END_SECONDS = 20


@dataclass
class Replicated:
    """``authorizers`` and ``calculators`` are the processes, ``hosts`` their addresses by Envoy's cluster."""

    settings: Settings
    envoy: "subprocess.Popen[bytes]"
    authorizers: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    calculators: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.settings.origin

    @property
    def ca(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.settings.certs_dir / "ca.crt"))

    def healthy(self, cluster: str) -> int:
        """How many hosts of the cluster Envoy sends requests to."""
        url = f"http://127.0.0.1:{self.settings.envoy_admin_port}/clusters?format=json"
        status = next(one for one in httpx.get(url).json()["cluster_statuses"] if one["name"] == cluster)
        return sum(set(host["health_status"]) == {"eds_health_status"} for host in status.get("host_statuses", []))


@contextmanager
def replicated(folder: Path, *, authorizers: int = 1, workers: int = 1, calculators: int = 1) -> Iterator[Replicated]:
    """Ready when Envoy has found all of them healthy."""
    settings, calculator_ports = _settings(folder, authorizers * workers, calculators)
    with ExitStack() as started:
        keycloak = started.enter_context(_fake_keycloak(settings))
        first, clusters = settings.authz_port, {"mcp_calculator": calculator_ports}
        clusters["ext_authz"] = [first + number for number in range(authorizers * workers)]
        processes = [
            started.enter_context(_authorizer(settings, folder, keycloak, first + number * workers, workers, number))
            for number in range(authorizers)
        ]
        servers = [started.enter_context(_calculator(folder, port)) for port in calculator_ports]
        envoy = started.enter_context(_envoy(settings, folder, clusters))
        gateway = Replicated(settings, envoy, processes, servers)
        eventually(lambda: _all_healthy(gateway, clusters), 120)
        yield gateway


def _all_healthy(gateway: Replicated, clusters: Mapping[str, list[int]]) -> bool:
    try:
        return all(gateway.healthy(name) == len(ports) for name, ports in clusters.items())
    except httpx.TransportError:
        return False


def _settings(folder: Path, authorizers: int, calculators: int) -> tuple[Settings, list[int]]:
    names = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    *calculator_ports, http = free_ports(calculators + 1)
    authz_port = ports_in_a_row(authorizers)
    settings = Settings(
        home=ROOT, certs_dir=folder / "certs", state_dir=folder / "state", authz_port=authz_port,
        authz_http_port=http, calculator_port=calculator_ports[0], **names,  # type: ignore[arg-type]
    )  # fmt: skip
    ensure_certificates(settings.certs_dir, public_host="localhost", tell=lambda _: None)
    return settings, calculator_ports


@contextmanager
def _fake_keycloak(settings: Settings) -> Iterator[str]:
    """Its URL. Every token is good for the calculator."""
    loop, found, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    url: list[str] = []

    async def serve() -> None:
        async with running_keycloak() as keycloak:
            origin = settings.origin
            audience = ["api-gateway", f"{origin}/mcp/calculator"]
            issuer, scope = f"{origin}/realms/mcp-gateway", "mcp:calculator"
            keycloak.behaviour = active(iss=issuer, aud=audience, scope=scope, exp=FAR_AWAY)
            url.append(keycloak.url)
            found.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert found.wait(20)
        yield url[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()


@contextmanager
def _process(command: list[str], folder: Path, log: str, **variables: str) -> Iterator["subprocess.Popen[bytes]"]:
    with (folder / f"{log}.log").open("wb") as output:
        process = subprocess.Popen(
            command, env={"PATH": os.environ["PATH"], **variables}, cwd=folder, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(END_SECONDS)


def _authorizer(settings: Settings, folder: Path, keycloak: str, port: int, workers: int, number: int) -> Any:
    certificates = settings.certs_dir
    tls = Tls(certificates / "ext-authz.crt", certificates / "ext-authz.key", certificates / "ca.crt")
    (http,) = (settings.authz_http_port,) if number == 0 else free_ports(1)
    variables = environment(
        tls,
        PUBLIC_URL=settings.origin,
        KEYCLOAK_URL=keycloak,
        GRPC_LISTEN=f"127.0.0.1:{port}",
        HTTP_LISTEN=f"127.0.0.1:{http}",
        EXT_AUTHZ_WORKERS=str(workers),
    )
    return _process([sys.executable, "-m", "ext_authz"], folder, f"ext-authz-{number}", **variables)


def _calculator(folder: Path, port: int) -> Any:
    command = [sys.executable, "-m", "mcp_calculator"]
    return _process(command, folder, f"calculator-{port}", LISTEN=f"127.0.0.1:{port}")


@contextmanager
def _envoy(settings: Settings, folder: Path, clusters: Mapping[str, list[int]]) -> Iterator["subprocess.Popen[bytes]"]:
    def change(named: dict[str, dict[str, Any]]) -> None:
        for name, ports in clusters.items():
            named[name]["load_assignment"]["endpoints"] = [{"lb_endpoints": [_host(port) for port in ports]}]

    path = write_own_topology(settings, change)
    command = [str(envoy_binary()), "-c", str(path), "--disable-hot-restart", "--concurrency", "2"]
    with _process(command, folder, "envoy") as envoy:
        yield envoy


def _host(port: int) -> dict[str, Any]:
    return {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}}}
