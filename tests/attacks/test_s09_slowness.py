"""S9: slow is given up on. All wait at the same time, so the longest bound (30 s) is how long this file takes."""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hyperframe.frame import DataFrame, HeadersFrame

from tests.attacks.classes import S9
from tests.attacks.http1 import PING, answers, connected, exchange, request
from tests.attacks.http2 import http2, post
from tests.attacks.registry import Answer, Attack
from tests.attacks.scripted import TOKEN, ScriptedGateway

DEADLINE_S = 60
"""The bounds are 10 s for a handshake and for headers, and 30 s for the whole request; the rest is the machine's."""


def headers_dripped(gateway: ScriptedGateway) -> Answer:
    with connected(gateway.door) as tls:
        return _drip(tls, LONG, 0.5)


def _drip(tls: ssl.SSLSocket, whole: bytes, pause: float) -> Answer:
    """A byte now and then, so that the connection is never idle."""
    received, deadline = b"", time.monotonic() + DEADLINE_S
    for byte in whole:
        assert time.monotonic() < deadline, f"still waited for after {DEADLINE_S} s"
        try:
            tls.sendall(bytes([byte]))
            tls.settimeout(pause)
            if not (piece := tls.recv(65536)):
                break
            received += piece
        except TimeoutError:
            continue
        except OSError:
            break
    found = answers(received)
    return found[0].status if found else "closed"


def stopped(sent: bytes) -> Callable[[ScriptedGateway], Answer]:
    """This much, and then nothing."""

    def attack(gateway: ScriptedGateway) -> Answer:
        with connected(gateway.door) as tls:
            tls.sendall(sent)
            return _silence(tls)

    return attack


def _silence(plain: socket.socket) -> Answer:
    received, deadline = b"", time.monotonic() + DEADLINE_S
    plain.settimeout(DEADLINE_S)
    with contextlib.suppress(ConnectionError):
        while piece := plain.recv(65536):
            received += piece
            assert time.monotonic() < deadline
    found = answers(received)
    return found[0].status if found else "closed"


def no_handshake(gateway: ScriptedGateway) -> Answer:
    with socket.create_connection(("127.0.0.1", gateway.door[0])) as plain:
        return _silence(plain)


def half_a_handshake(gateway: ScriptedGateway) -> Answer:
    with socket.create_connection(("127.0.0.1", gateway.door[0])) as plain:
        plain.sendall(bytes.fromhex("16030100c8010000c40303"))
        return _silence(plain)


def half_a_header_block(gateway: ScriptedGateway) -> Answer:
    with http2(gateway.door) as connection:
        connection.tls.settimeout(DEADLINE_S)
        connection.send(HeadersFrame(1, data=connection.headers(1, post(TOKEN)).data[:20]))
        return connection.answer(seconds=DEADLINE_S)


def body_that_never_ends(gateway: ScriptedGateway) -> Answer:
    with http2(gateway.door) as connection:
        connection.tls.settimeout(DEADLINE_S)
        connection.send(connection.headers(1, post(TOKEN)), DataFrame(1, data=PING))
        return connection.answer(seconds=DEADLINE_S)


def body_dripped(gateway: ScriptedGateway) -> Answer:
    with connected(gateway.door) as tls:
        tls.sendall(CALL[: -len(PING)])
        return _drip(tls, PING, 1.0)


CALL = request("/mcp/calculator", token=TOKEN)
LONG = request("/mcp/calculator", b"X: " + b"a" * 500, token=TOKEN)
SLOW: dict[str, Callable[[ScriptedGateway], Answer]] = {
    "no TLS handshake": no_handshake,
    "half a TLS handshake": half_a_handshake,
    "half a request line": stopped(b"POST /mcp"),
    "half a header": stopped(CALL[:100]),
    "headers, a byte each half second": headers_dripped,
    "headers without a body": stopped(CALL[: -len(PING)]),
    "half a body": stopped(CALL[:-10]),
    "a body, a byte each second": body_dripped,
    "half a chunk": stopped(
        CALL.replace(b"Content-Length: 40", b"Transfer-Encoding: chunked")[: -len(PING)] + b"28\r\n{"
    ),
    "HTTP/2: half a header block": half_a_header_block,
    "HTTP/2: a body that never ends": body_that_never_ends,
}


@pytest.fixture(scope="module")
def given_up_on(watched: ScriptedGateway) -> dict[str, Answer]:
    """How each ends, and that a call in the middle of it is answered at once."""
    with ThreadPoolExecutor(len(SLOW)) as pool:
        running = {name: pool.submit(attack, watched) for name, attack in SLOW.items()}
        while not all(one.done() for one in running.values()):
            [answered] = exchange(watched.door, request("/mcp/weather", token=TOKEN, method=b"GET", body=b""))
            assert answered.status == 200, "another client"
            time.sleep(1)  # between two of its calls
        return {name: one.result() for name, one in running.items()}


@pytest.mark.covers("S9")
@S9.add(SLOW, 408, but_closed={"no TLS handshake", "half a TLS handshake", "HTTP/2: half a header block"})
def test_slowness_is_given_up_on(given_up_on: dict[str, Answer], watched: ScriptedGateway, attack: Attack) -> None:
    assert given_up_on[attack.name] in attack.answers
    assert [received for received in watched.received if received.server == "calculator"] == []
