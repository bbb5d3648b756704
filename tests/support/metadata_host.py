"""A host of client-ID metadata documents on loopback, by TLS; it keeps what it was asked for."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class MetadataHost:
    """What it serves, and where."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    _documents: dict[str, Any] = field(default_factory=dict)
    _moved: dict[str, str] = field(default_factory=dict)

    def document(self, path: str, **members: Any) -> str:
        """Serve a public client's metadata at `path`; its client ID."""
        client_id = f"https://localhost:{self.port}{path}"
        public = {"client_id": client_id, "client_name": "A client", "token_endpoint_auth_method": "none"}
        flow = {"grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"]}
        self._documents[path] = {**public, **flow, **members}
        return client_id

    def redirect(self, path: str, *, to: str) -> str:
        """Answer `path` with a redirect; the client ID that leads there."""
        self._moved[path] = f"https://localhost:{self.port}{to}"
        return f"https://localhost:{self.port}{path}"

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(path)
        if path in self._moved:
            return 302, {"Location": self._moved[path]}, b""
        if path in self._documents:
            return 200, {"Content-Type": "application/json"}, json.dumps(self._documents[path]).encode()
        return 404, {}, b""


@contextmanager
def metadata_host(tls: ssl.SSLContext) -> Iterator[MetadataHost]:
    """On a free port of 127.0.0.1."""
    host = MetadataHost()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = host.answer(self.path)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host.port = server.server_address[1]
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
