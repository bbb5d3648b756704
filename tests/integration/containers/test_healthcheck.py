"""The health check that runs in the containers of the Python services, as the engine runs it: a process of its own."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from gateway.certificates import ensure_certificates

from tests.support.recorder import mutual_tls
from tests.support.stack import ROOT

SCRIPT = ROOT / "containers/healthcheck.py"


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


class Answers503(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), Answers503) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    ensure_certificates(tmp_path, public_host="localhost", tell=lambda _: None)
    return tmp_path


def test_an_answer_with_an_accepted_status_is_healthy_and_another_is_not(server: HTTPServer) -> None:
    url = f"http://127.0.0.1:{server.server_port}/health"
    assert check(url, "200,503").returncode == 0
    unwell = check(url)
    assert (unwell.returncode, unwell.stdout) == (1, "status 503")


def test_nobody_there_is_not_healthy() -> None:
    unwell = check("http://127.0.0.1:1/health")
    assert unwell.returncode == 1
    assert "ConnectionRefusedError" in unwell.stdout


@pytest.mark.covers("S10")
def test_a_server_that_takes_nobody_without_a_certificate_is_still_seen_to_be_alive(
    server: HTTPServer, certificates: Path
) -> None:
    server.socket = mutual_tls(certificates).wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    place = f"tls://127.0.0.1:{server.server_port}"
    assert check(place, "mcp-weather", str(certificates / "ca.crt")).returncode == 0
    assert check(place, "ext-authz", str(certificates / "ca.crt")).returncode == 1, "the certificate names another"


def test_an_open_port_that_does_not_shake_hands_is_not_healthy(server: HTTPServer, certificates: Path) -> None:
    unwell = check(f"tls://127.0.0.1:{server.server_port}", "mcp-weather", str(certificates / "ca.crt"))
    assert unwell.returncode == 1
