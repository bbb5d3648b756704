"""A second Envoy with the committed configuration, in front of servers that write down what reaches them.

It asks the stack's own authorizer and Keycloak; only the two MCP servers are fakes. What a test finds in ``received``
is what a server behind the gateway would have been told.
"""

import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from gateway.runner.envoy import envoy_binary
from gateway.settings import Settings

from tests.support.compose import ComposeStack
from tests.support.compose_recorder import envoy_in_a_container
from tests.support.own_envoy import ChangeClusters, write_own_topology
from tests.support.ports import free_ports
from tests.support.stack import Stack

READY_DEADLINE_S = 20
LOG_AT_ONCE = ("--file-flush-interval-msec", "50")  # by default the access log lags by up to 10 s


@dataclass(frozen=True)
class Received:
    """One request as an upstream saw it. Header names are lower case; a name that came twice is there twice."""

    server: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    client_names: tuple[str, ...]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


@dataclass
class RecordingGateway:
    settings: Settings
    stack: Stack
    received: list[Received] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.settings.https_port}"

    def client(self, **options: Any) -> httpx.Client:
        return self.stack.client(base_url=self.url, **options)


@contextmanager
def recording_gateway(stack: Stack, folder: Path) -> Iterator[RecordingGateway]:
    """Starts the two fake servers and an Envoy in front of them; ends them all."""
    gateway = RecordingGateway(settings_beside(stack, folder), stack)
    servers = [
        RecordingServer("weather", gateway, mutual_tls(stack.settings.certs_dir)),
        RecordingServer("calculator", gateway, None),
    ]
    start = envoy_in_a_container if isinstance(stack, ComposeStack) else native_envoy
    try:
        with start(gateway.settings, folder):
            yield gateway
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def settings_beside(stack: Stack, folder: Path) -> Settings:
    names = ("https_port", "http_port", "dashboard_port", "weather_port", "calculator_port", "envoy_admin_port")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    return stack.settings.model_copy(update={**ports, "public_url": stack.url, "state_dir": folder})


@contextmanager
def native_envoy(settings: Settings, folder: Path, change: ChangeClusters = lambda _: None) -> Iterator[None]:
    """``change`` is what this Envoy's clusters differ by, each by its name."""
    envoy = _envoy(settings, folder, change)
    try:
        _await_ready(settings, envoy)
        yield
    finally:
        envoy.terminate()
        envoy.wait(timeout=20)


class RecordingServer(ThreadingHTTPServer):
    """A fake MCP server: answers everything alike and keeps what it was sent."""

    daemon_threads = True

    def __init__(self, name: str, gateway: RecordingGateway, tls: ssl.SSLContext | None) -> None:
        # A container reaches this host by another address than loopback
        address = "0.0.0.0" if isinstance(gateway.stack, ComposeStack) else "127.0.0.1"
        super().__init__((address, getattr(gateway.settings, f"{name}_port")), Recorder)
        self.name = name
        self.received = gateway.received
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, name=f"recorder-{name}", daemon=True).start()


OVERREACHING = {
    "WWW-Authenticate": 'Bearer resource_metadata="https://evil.example/", scope="mcp:everything"',
    "Set-Cookie": "AUTH_SESSION_ID=evil; Path=/",
    "Clear-Site-Data": '"cookies"',
    "Alt-Svc": 'h2="evil.example:443"',
}
"""What no server behind the gateway may say: where to sign in, and what a browser keeps for the gateway's origin."""


class Recorder(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RecordingServer

    def _answer(self) -> None:
        body = self._read_body()
        if self.path != "/health":  # Envoy's own health checks
            headers = tuple((key.lower(), value) for key, value in self.headers.items())
            received = Received(self.server.name, self.command, self.path, headers, body, self._client_names())
            self.server.received.append(received)
        answer = b'{"jsonrpc":"2.0","id":1,"result":{"recorded":true}}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("X-Powered-By", "recorder")
        for name, value in OVERREACHING.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_GET = do_POST = do_DELETE = do_PUT = do_OPTIONS = do_HEAD = do_PATCH = do_TRACE = _answer  # noqa: N815

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _client_names(self) -> tuple[str, ...]:
        if not isinstance(self.connection, ssl.SSLSocket):
            return ()
        certificate = self.connection.getpeercert() or {}
        return tuple(str(entry[1]) for entry in certificate.get("subjectAltName", ()))

    def log_message(self, format: str, *args: Any) -> None:
        pass


def mutual_tls(certificates: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "mcp-weather.crt", certificates / "mcp-weather.key")
    context.load_verify_locations(certificates / "ca.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _envoy(settings: Settings, folder: Path, change: ChangeClusters) -> subprocess.Popen[bytes]:
    configuration = write_own_topology(settings, change)
    log = (folder / "envoy.log").open("wb")
    with log:
        return subprocess.Popen(
            [
                str(envoy_binary()),
                "-c",
                str(configuration),
                "--disable-hot-restart",
                "--concurrency",
                "1",
                *LOG_AT_ONCE,
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _await_ready(settings: Settings, envoy: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_DEADLINE_S
    clusters = f"http://127.0.0.1:{settings.envoy_admin_port}/clusters"
    while time.monotonic() < deadline:
        assert envoy.poll() is None, "Envoy ended while it was starting"
        try:
            if "failed_active_hc" not in httpx.get(clusters).text:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)  # between two looks at a readiness that has a deadline
    raise AssertionError(f"the recording gateway was not ready within {READY_DEADLINE_S} s")
