"""A stand-in for Keycloak's introspection endpoint, for as many tokens as a measurement needs: faster than Keycloak, so
that what is measured is the client. Every token is active; it is counted; ``GET /count`` says how often it was asked.

``python -m bench.standin_keycloak PORT PUBLIC_URL DELAY_MS SCOPES``
"""

import asyncio
import json
import sys
import time
from functools import partial
from typing import cast

import uvloop

LIFETIME_SECONDS = 3600


class Introspection(asyncio.Protocol):
    """HTTP/1.1 with kept connections, as far as an introspection client needs it."""

    asked = 0

    def __init__(self, answer: bytes, delay_seconds: float) -> None:
        self._answer = answer
        self._delay = delay_seconds
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while request := self._whole_request():
            if request.startswith(b"POST"):
                Introspection.asked += 1
                asyncio.get_running_loop().call_later(self._delay, self._write, self._answer)
            else:
                self._write(_http(str(Introspection.asked).encode()))

    def _whole_request(self) -> bytes:
        head, found, rest = self._received.partition(b"\r\n\r\n")
        length = _length(head)
        if not found or len(rest) < length:
            return b""
        self._received = rest[length:]
        return head

    def _write(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def _http(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


def active(public_url: str, scopes: str) -> bytes:
    """What Keycloak says of a good token for the calculator."""
    now = int(time.time())
    members = {
        "active": True,
        "iss": f"{public_url}/realms/mcp-gateway",
        "typ": "Bearer",
        "token_type": "Bearer",
        "sub": "2f1c4a0e-6f5d-4a0f-9d1b-0c6f2a7b8e11",
        "email": "user@example.org",
        "scope": scopes,
        "aud": ["api-gateway", f"{public_url}/mcp/calculator"],
        "exp": now + LIFETIME_SECONDS,
        "iat": now,
        "sid": "e1b6a2a4-7a2c-4c3c-8f6b-3f9f5d0c1a22",
        "client_id": "mcp-client",
        "username": "user",
    }
    return _http(json.dumps(members).encode())


async def serve(port: int, answer: bytes, delay_seconds: float) -> None:
    """Until the process is ended."""
    loop = asyncio.get_running_loop()
    make = partial(Introspection, answer, delay_seconds)
    server = await loop.create_server(make, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    told_port, told_url, told_delay, told_scopes = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(told_port), active(told_url, told_scopes), float(told_delay) / 1000))
