"""Servers that pretend to be one of ours, with any certificate that they could come by, and an Envoy led to them.

Envoy has the committed configuration, with their ports as the endpoints of a cluster.
"""

import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import grpc
import httpx
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from gateway.certificates.files import Pair, read_certificates, read_key
from gateway.certificates.issuing import CA_NAME, CLOCK_SKEW, LEAF_LIFE, Authority, issue_ca, issue_leaf, new_key
from gateway.certificates.leaves import Leaf, leaves
from gateway.runner.envoy import envoy_binary
from gateway.runner.topology import write_topology
from gateway.settings import Settings
from grpc_health.v1 import health, health_pb2, health_pb2_grpc  # type: ignore[import-untyped]

AUTHORIZATION = "envoy.service.auth.v3.Authorization"
KNOCK_DEADLINE_S = 30


@dataclass(frozen=True)
class Shown:
    """PEM texts, as a server shows them."""

    certificate: bytes
    key: bytes


def genuine(certs: Path, name: str) -> Shown:
    pair = Pair(certs, name)
    return Shown(pair.crt.read_bytes(), pair.key.read_bytes())


def counterfeits(certs: Path, name: str) -> dict[str, Shown]:
    """What somebody else might show where ``name`` is expected."""
    now = datetime.now(UTC)
    leaf = next(leaf for leaf in leaves("localhost") if leaf.name == name)
    other = next(leaf for leaf in leaves("localhost") if leaf.name not in (name, "gateway"))
    ours = _authority(certs)
    foreign = Authority(issue_ca(key := new_key(), now), key)
    return {
        "of a foreign CA that has the name of ours": _issued(leaf, foreign, now),
        "signed by itself": _self_signed(leaf, now),
        "another service's": genuine(certs, other.name),
        "Envoy's own": genuine(certs, "gateway"),
        "expired a second ago": expired(certs, leaf, now - timedelta(seconds=1)),
        "for a name that only looks alike": _issued(Leaf(name, (f"{name}.example", f"x{name}")), ours, now),
    }


def _authority(certs: Path) -> Authority:
    ca = Pair(certs, "ca")
    return Authority(read_certificates(ca)[0], read_key(ca))  # type: ignore[arg-type]


def expired(certs: Path, leaf: Leaf, ends: datetime) -> Shown:
    """By our own CA, good until ``ends``."""
    return _issued(leaf, _authority(certs), ends - LEAF_LIFE + CLOCK_SKEW)


def _issued(leaf: Leaf, authority: Authority, now: datetime) -> Shown:
    key = new_key()
    return _shown(issue_leaf(leaf, key, authority, now), key)


def _self_signed(leaf: Leaf, now: datetime) -> Shown:
    """Subject and issuer are one, and so are their keys."""
    key = new_key()
    itself = Authority(issue_ca(key, now), key)
    return _shown(issue_leaf(replace(leaf, name=CA_NAME), key, itself, now), key)


def _shown(certificate: x509.Certificate, key: object) -> Shown:
    pem = key.private_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Shown(certificate.public_bytes(serialization.Encoding.PEM), pem)


@dataclass
class Impostors:
    """Where they listen, and what each of them was asked."""

    ports: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@contextmanager
def fake_authorizers(certs: Path, shown: Mapping[str, Shown]) -> Iterator[Impostors]:
    """They are healthy and allow everything: an empty CheckResponse has status 0."""
    impostors, servers = Impostors(), []
    for name, one in shown.items():
        server = grpc.server(ThreadPoolExecutor(4))
        server.add_generic_rpc_handlers((_allowing(name, impostors.asked),))
        servicer = health.HealthServicer()
        servicer.set(AUTHORIZATION, health_pb2.HealthCheckResponse.SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
        credentials = grpc.ssl_server_credentials([(one.key, one.certificate)], (certs / "ca.crt").read_bytes())
        impostors.ports.append(server.add_secure_port("127.0.0.1:0", credentials))
        server.start()
        servers.append(server)
    try:
        yield impostors
    finally:
        for server in servers:
            server.stop(None)


def _allowing(name: str, asked: list[str]) -> grpc.GenericRpcHandler:
    def allow(_request: bytes, _context: grpc.ServicerContext) -> bytes:
        asked.append(name)
        return b""

    return grpc.method_handlers_generic_handler(AUTHORIZATION, {"Check": grpc.unary_unary_rpc_method_handler(allow)})


@contextmanager
def fake_servers(folder: Path, shown: Mapping[str, Shown | None]) -> Iterator[Impostors]:
    """They answer everything with 200. One that shows nothing speaks plain HTTP."""
    impostors, servers = Impostors(), []
    for name, one in shown.items():
        server = _Answering(("127.0.0.1", 0), _handler(name, impostors.asked))
        if one:
            server.socket = _context(folder, one).wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        impostors.ports.append(server.server_address[1])
        servers.append(server)
    try:
        yield impostors
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


class _Answering(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A handshake that Envoy broke off is what the tests are about."""


def _handler(name: str, asked: list[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def do_GET(self) -> None:
            asked.append(f"{name}: {self.path}")
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


def _context(folder: Path, shown: Shown) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    pair = folder / "impostor.pem"
    pair.write_bytes(shown.key + shown.certificate)
    context.load_cert_chain(pair)
    return context


@contextmanager
def envoy_led_to(settings: Settings, endpoints: Mapping[str, Sequence[int]]) -> Iterator[None]:
    """Envoy with these ports for the clusters named, once it has knocked at each of them."""
    bootstrap = write_topology(settings)
    topology = yaml.safe_load(bootstrap.read_text())
    for cluster in topology["static_resources"]["clusters"]:
        if ports := endpoints.get(cluster["name"]):
            cluster["load_assignment"]["endpoints"] = [{"lb_endpoints": [_endpoint(port) for port in ports]}]
    bootstrap.write_text(yaml.safe_dump(topology))
    with (settings.state_dir / "envoy.log").open("wb") as log:
        command = [str(envoy_binary()), "-c", str(bootstrap), "--disable-hot-restart", "--concurrency", "1"]
        envoy = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        for name, ports in endpoints.items():
            _await_knocks(settings, name, len(ports))
        yield
    finally:
        envoy.terminate()
        envoy.wait(timeout=20)


def _endpoint(port: int) -> dict[str, object]:
    return {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}}}


def _await_knocks(settings: Settings, cluster: str, hosts: int) -> None:
    """Each host was asked for its health, and the answer, or the lack of one, is known."""
    deadline = time.monotonic() + KNOCK_DEADLINE_S
    while knocks(settings, cluster) < hosts:
        assert time.monotonic() < deadline, f"{cluster} was not knocked at"
        time.sleep(0.05)  # between two looks


def knocks(settings: Settings, cluster: str) -> int:
    found = statistics(settings, rf"^cluster\.{cluster}\.health_check\.(success|failure)$")
    return sum(found.values())


def statistics(settings: Settings, pattern: str) -> dict[str, int]:
    """Envoy's counters whose names fit."""
    try:
        text = httpx.get(f"http://127.0.0.1:{settings.envoy_admin_port}/stats", params={"filter": pattern}).text
    except httpx.TransportError:
        return {}
    return {name: int(value) for name, value in (line.split(": ") for line in text.splitlines())}
