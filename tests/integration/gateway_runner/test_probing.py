"""What counts as ready, asked of small real servers."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from gateway.certificates import ensure_certificates
from gateway.runner.component import Probe, TlsFiles
from gateway.runner.probing import ask

MINDS = frozenset({"envoy", "keycloak"})


@contextmanager
def _server(status: int, body: bytes = b"", tls: ssl.SSLContext | None = None) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health" else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}/health"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "body", "ready"),
    [
        (200, {}, True),
        (404, {}, False),
        (503, {"down": ["mcp-mine"]}, True),
        (503, {"down": ["mcp-mine", "keycloak"]}, False),
        (503, {"down": []}, False),
        (503, {"down": 7}, False),
        (503, [], False),
        (500, {"down": ["mcp-mine"]}, False),
    ],
)
async def test_ready_is_a_200_or_a_503_for_what_is_not_ours(status: int, body: object, *, ready: bool) -> None:
    with _server(status, json.dumps(body).encode()) as url:
        said = await ask(Probe(url, minds=MINDS))
    assert said == (None if ready else f"HTTP {status} {json.dumps(body)}")


async def test_a_503_that_is_no_report_is_told_with_what_it_says() -> None:
    with _server(503, b"no healthy upstream") as url:
        assert await ask(Probe(url, minds=MINDS)) == "HTTP 503 no healthy upstream"


async def test_nobody_listens_and_nobody_answers_are_told_apart() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert await ask(Probe(url)) == "not listening yet"
        silent.listen()
        assert await ask(Probe(url)) == "no answer"


async def test_a_certificate_of_the_gateways_is_checked_against_the_name_that_it_should_have(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, public_host="localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "gateway.crt", tmp_path / "gateway.key")
    files = TlsFiles(ca=tmp_path / "ca.crt")
    with _server(200, tls=context) as url:
        assert await ask(Probe(url, tls=files, server_name="localhost")) is None
        refused = await ask(Probe(url, tls=files, server_name="elsewhere.example"))
    assert refused is not None
    assert refused.startswith("SSLCertVerificationError")
