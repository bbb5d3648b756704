"""HTTP/1.1 over TLS by hand: every byte is sent as it stands, which no client library does."""

import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.attacks.registry import Answer

DEADLINE_S = 20
QUIET_S = 0.3  # after an answer: how long to listen for another one that would come of the same bytes

Door = tuple[int, ssl.SSLContext]
"""The port on loopback, and what to trust."""

PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'


@dataclass(frozen=True)
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes


@contextmanager
def connected(door: Door, *, sni: str | None = "localhost", source: str = "127.0.0.1") -> Iterator[ssl.SSLSocket]:
    port, trust = door
    with (
        socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S, source_address=(source, 0)) as plain,
        _named(trust, sni).wrap_socket(plain, server_hostname=sni) as tls,
    ):
        yield tls


def exchange(door: Door, *parts: bytes, sni: str | None = "localhost") -> list[Answered]:
    """Sends the parts one after another; every answer until the gateway closes, or falls silent after one."""
    with connected(door, sni=sni) as tls:
        try:
            for part in parts:
                tls.sendall(part)
        except OSError:
            pass  # the gateway has said no and closed before all was sent
        return answers(everything(tls))


def answer_of(found: list[Answered]) -> Answer:
    """The one answer. Two would mean that the gateway saw a second request in the same bytes."""
    assert len(found) <= 1, f"one request was answered {len(found)} times: {[one.status for one in found]}"
    return found[0].status if found else "closed"


def request(
    path: bytes | str = "/mcp/calculator",
    *lines: bytes,
    token: str | None = None,
    method: bytes = b"POST",
    version: bytes = b"HTTP/1.1",
    host: bytes | None = b"localhost",
    body: bytes = PING,
    close: bool = True,
) -> bytes:
    """A whole request; ``lines`` are further header lines as they stand."""
    target = path.encode() if isinstance(path, str) else path
    head = [method + b" " + target + b" " + version]
    head += [b"Host: " + host] if host is not None else []
    head += [b"Authorization: Bearer " + token.encode()] if token else []
    head += [b"Content-Type: application/json", b"Content-Length: %d" % len(body)] if body else []
    head += [b"Connection: close"] if close else []
    return b"\r\n".join([*head, *lines, b"", body])


def head(*lines: bytes) -> bytes:
    """Only what is named here."""
    return b"\r\n".join([*lines, b"", b""])


def everything(tls: ssl.SSLSocket) -> bytes:
    """What comes until the gateway closes, or until an answer is followed by silence. Silence alone is no answer."""
    received, deadline = b"", time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        tls.settimeout(QUIET_S if answers(received) else DEADLINE_S)
        try:
            piece = tls.recv(65536)
        except TimeoutError:
            break
        except OSError:
            return received  # reset: the gateway closed with our bytes unread
        if not piece:
            return received
        received += piece
    assert answers(received), f"neither an answer nor an end within {DEADLINE_S} s"
    return received


_HEAD = re.compile(rb"HTTP/1\.[01] (\d{3})[^\r]*\r\n((?:[^\r]+\r\n)*)\r\n")


def answers(received: bytes) -> list[Answered]:
    """The complete answers in what was received."""
    found: list[Answered] = []
    while match := _HEAD.match(received):
        fields = [line.partition(": ") for line in match[2].decode("latin-1").splitlines()]
        headers = {name.lower(): value for name, _, value in fields}
        rest = received[match.end() :]
        if headers.get("transfer-encoding") == "chunked":
            body, end, rest = rest.partition(b"0\r\n\r\n")
            if not end:
                break
        else:
            length = int(headers.get("content-length", 0))
            if len(rest) < length:
                break
            body, rest = rest[:length], rest[length:]
        status = int(match[1])
        if status >= 200:
            found.append(Answered(status, headers, body))
        received = rest
    return found


def _named(trust: ssl.SSLContext, sni: str | None) -> ssl.SSLContext:
    """A certificate for another name is not what is asked here: what the gateway makes of the name is."""
    if sni == "localhost":
        return trust
    lax = ssl.create_default_context()
    lax.check_hostname = False
    lax.verify_mode = ssl.CERT_NONE
    return lax
