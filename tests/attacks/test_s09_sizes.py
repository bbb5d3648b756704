"""S9: too large is refused by its size, whatever it claims to be; nothing of it reaches a server."""

import pytest

from tests.attacks.classes import S9
from tests.attacks.http1 import PING, answer_of, exchange, head, request
from tests.attacks.http2 import post, respond
from tests.attacks.registry import Attack
from tests.attacks.scripted import TOKEN, ScriptedGateway

AUTH = b"Authorization: Bearer " + TOKEN.encode()
MEBIBYTE = 1 << 20
HEADERS = {
    "one header of 40 KiB": (b"X: " + b"a" * 40_000,),
    "headers of 40 KiB in all": tuple(b"X-%d: " % n + b"a" * 1000 for n in range(40)),
    "200 headers": tuple(b"X-%d: y" % n for n in range(200)),
    "200 headers of one name": (b"X: y",) * 200,
    "a name of 40 KiB": (b"X" * 40_000 + b": y",),
    "40 KiB of cookies": (b"Cookie: " + b"a=b; " * 8000,),
}


def large(*lines: bytes, body: bytes) -> bytes:
    start = (b"POST /mcp/calculator HTTP/1.1", b"Host: localhost", AUTH, b"Content-Type: application/json")
    return head(*start, *lines) + body


BODIES = {
    "1 MiB and a byte": large(b"Content-Length: %d" % (MEBIBYTE + 1), body=PING.ljust(MEBIBYTE + 1)),
    "2 MiB in one chunk": large(
        b"Transfer-Encoding: chunked", body=b"%x\r\n" % (2 * MEBIBYTE) + b" " * 2 * MEBIBYTE + b"\r\n0\r\n\r\n"
    ),
    "2 MiB in chunks of 1 KiB": large(
        b"Transfer-Encoding: chunked", body=(b"400\r\n" + b" " * 1024 + b"\r\n") * 2048 + b"0\r\n\r\n"
    ),
    "10 GiB promised, 2 MiB sent": large(b"Content-Length: 10737418240", body=b" " * 2 * MEBIBYTE),
    "a chunk of 10 GiB promised, 2 MiB sent": large(
        b"Transfer-Encoding: chunked", body=b"280000000\r\n" + b" " * 2 * MEBIBYTE
    ),
}


@pytest.mark.covers("S9")
@S9.add(HEADERS, 431)
def test_headers_beyond_the_bounds_are_refused(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, answer_of(exchange(gateway.door, request("/mcp/calculator", *attack.input, token=TOKEN))))
    assert gateway.asked == []


@pytest.mark.covers("S9")
@S9.add({"a path of 40 KiB": "/mcp/calculator/" + "a" * 40_000, "a query of 40 KiB": "/x?" + "a" * 40_000}, 431)
def test_a_request_line_beyond_the_bounds_is_refused(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, answer_of(exchange(gateway.door, request(attack.input, token=TOKEN))))


@pytest.mark.covers("S9", "R4")
@S9.add(BODIES, 413)
def test_a_body_beyond_a_mebibyte_is_refused(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, answer_of(exchange(gateway.door, attack.input)))
    assert gateway.asked == []


@pytest.mark.covers("S9")
@S9.add(
    {
        "HTTP/2: 200 headers": [(f"x-{n}", "y") for n in range(200)],
        "HTTP/2: 40 KiB in many headers": [(f"x-{n}", "a" * 1000) for n in range(40)],
        "HTTP/2: a table entry named 2,000 times": [("x", "a" * 3000)] * 2000,
    },
    "reset",
    but_closed={"HTTP/2: 40 KiB in many headers"},
)
def test_http2_has_the_same_bounds(gateway: ScriptedGateway, attack: Attack) -> None:
    """The last is HPACK's bomb (CVE-2016-6581): small on the wire, large once it is decoded."""
    gateway.held(attack, respond(gateway.door, post(TOKEN, *attack.input), indexed=True))
