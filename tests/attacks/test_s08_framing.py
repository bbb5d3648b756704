"""S8, HTTP/1.1: where a request ends is beyond doubt, or it is refused. Each hides a second request in the first.

RFC 9112 sections 2.2, 5, 6 and 7. What is hidden is a GET with a good token, so it would be served if seen.
"""

import pytest

from tests.attacks.classes import S8
from tests.attacks.http1 import PING, answer_of, exchange, head, request
from tests.attacks.registry import Attack
from tests.attacks.scripted import TOKEN, ScriptedGateway

AUTH = b"Authorization: Bearer " + TOKEN.encode()
START = (b"POST /mcp/calculator HTTP/1.1", b"Host: localhost", AUTH, b"Content-Type: application/json")
HIDDEN = request("/mcp/weather", token=TOKEN, method=b"GET", body=b"")
CHUNK = b"%x\r\n%s\r\n" % (len(PING), PING)
CHUNKED = b"Transfer-Encoding: chunked"


def post(*lines: bytes, body: bytes = PING) -> bytes:
    return head(*START, *lines) + body


def chunked(body: bytes, *lines: bytes) -> bytes:
    return post(CHUNKED, *lines, body=body)


TWO_LENGTHS = {
    "CL.TE": post(b"Content-Length: 5", CHUNKED, body=b"0\r\n\r\n" + HIDDEN),
    "TE.CL": post(CHUNKED, b"Content-Length: 4", body=CHUNK + b"0\r\n\r\n" + HIDDEN),
    "CL twice": post(b"Content-Length: 40", b"Content-Length: 0", body=PING + HIDDEN),
    "CL twice, alike": post(b"Content-Length: 40", b"Content-Length: 40", body=PING + HIDDEN),
    "CL as a list": post(b"Content-Length: 40, 40", body=PING + HIDDEN),
    "CL with a plus": post(b"Content-Length: +40", body=PING + HIDDEN),
    "CL negative": post(b"Content-Length: -1", body=PING + HIDDEN),
    "CL hexadecimal": post(b"Content-Length: 0x28", body=PING + HIDDEN),
    "CL with a fraction": post(b"Content-Length: 40.0", body=PING + HIDDEN),
    "CL with a space inside": post(b"Content-Length: 4 0", body=PING + HIDDEN),
    "CL empty": post(b"Content-Length:", body=PING + HIDDEN),
    "CL beyond 64 bits": post(b"Content-Length: 18446744073709551656", body=PING + HIDDEN),
    "CL with a space before the colon": post(b"Content-Length : 40", body=PING + HIDDEN),
    "TE with a space before the colon": post(b"Transfer-Encoding : chunked", body=CHUNK + b"0\r\n\r\n" + HIDDEN),
    "TE that is not chunked": post(b"Transfer-Encoding: xchunked", body=CHUNK + b"0\r\n\r\n" + HIDDEN),
    "TE identity": post(b"Transfer-Encoding: identity", body=PING + HIDDEN),
    "TE gzip": post(b"Transfer-Encoding: gzip", body=PING + HIDDEN),
    "TE twice": post(CHUNKED, b"Transfer-Encoding: identity", body=CHUNK + b"0\r\n\r\n" + HIDDEN),
    "TE chunked twice": post(b"Transfer-Encoding: chunked, chunked", body=CHUNK + b"0\r\n\r\n" + HIDDEN),
    "TE chunked and then another": post(b"Transfer-Encoding: chunked, identity", body=CHUNK + b"0\r\n\r\n" + HIDDEN),
    "TE in quotes": post(b'Transfer-Encoding: "chunked"', body=CHUNK + b"0\r\n\r\n" + HIDDEN),
    "TE with a vertical tab": post(b"Transfer-Encoding: \x0bchunked", body=CHUNK + b"0\r\n\r\n" + HIDDEN),
    "TE with underscores": post(b"Transfer_Encoding: chunked", b"Content-Length: 40", body=PING + HIDDEN),
    "TE folded": post(b"Transfer-Encoding:", b" chunked", b"Content-Length: 40", body=PING + HIDDEN),
}
UNKNOWN_CODINGS = {
    "TE that is not chunked",
    "TE identity",
    "TE gzip",
    "TE twice",
    "TE chunked twice",
    "TE chunked and then another",
    "TE in quotes",
}
BAD_CHUNKS = {
    "chunk size negative": chunked(b"-28\r\n" + PING + b"\r\n0\r\n\r\n" + HIDDEN),
    "chunk size with 0x": chunked(b"0x28\r\n" + PING + b"\r\n0\r\n\r\n" + HIDDEN),
    "chunk size beyond 64 bits": chunked(b"10000000000000028\r\n" + PING + b"\r\n0\r\n\r\n" + HIDDEN),
    "chunk size empty": chunked(b"\r\n" + PING + b"\r\n0\r\n\r\n" + HIDDEN),
    "chunk size with a plus": chunked(b"+28\r\n" + PING + b"\r\n0\r\n\r\n" + HIDDEN),
    "chunk size with underscores": chunked(b"2_8\r\n" + PING + b"\r\n0\r\n\r\n" + HIDDEN),
    "chunk longer than its size": chunked(b"20\r\n" + PING + b"\r\n0\r\n\r\n" + HIDDEN),
    "chunk extension with a bare CR": chunked(b"28;a\rb\r\n" + PING + b"\r\n0\r\n\r\n" + HIDDEN),
    "chunk extension with a bare LF": chunked(b"28;a\nb\r\n" + PING + b"\r\n0\r\n\r\n" + HIDDEN),
}
HEADERS = {
    "bare LF after a header": post(b"X: y\nContent-Length: 0", b"Content-Length: 40", body=PING + HIDDEN),
    "space before the first header": head(START[0], b" Host: localhost", *START[2:], b"Content-Length: 40") + PING,
    "no colon": post(b"X-Other", b"Content-Length: 40"),
    "no name": post(b": x", b"Content-Length: 40"),
    "space in the name": post(b"X Other: y", b"Content-Length: 40"),
    "NUL in a name": post(b"X\x00: y", b"Content-Length: 40"),
    "NUL in a value": post(b"X: \x00", b"Content-Length: 40"),
}


@pytest.mark.covers("S8")
@S8.each(
    [*S8.alike(TWO_LENGTHS, 400, but_501=UNKNOWN_CODINGS), *S8.alike(BAD_CHUNKS, 400), *S8.alike(HEADERS, 400)],
)
def test_an_end_that_is_in_doubt_is_refused(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, answer_of(exchange(gateway.door, attack.input)))


@pytest.mark.covers("S8", "S1", "R6")
@S8.add(
    {
        "trailer with an identity": b"X-User-Sub: forged",
        "trailer with a token": AUTH,
        "trailer with a length": b"Content-Length: 0",
        "trailer with a tool": b"Mcp-Name: power",
    },
    200,
    reaches="one request without the trailer",
)
def test_trailers_are_dropped(gateway: ScriptedGateway, attack: Attack) -> None:
    sent = chunked(CHUNK + b"0\r\n" + attack.input + b"\r\n\r\n", b"Connection: close")
    gateway.held(attack, answer_of(exchange(gateway.door, sent)))
    [received] = gateway.received
    name, _, value = attack.input.decode().partition(": ")
    assert value not in received.all(name.lower())
    assert received.body == PING


@pytest.mark.covers("S8")
@S8.add(
    {
        "chunk extension": chunked(b"28;a=b\r\n" + PING + b"\r\n0\r\n\r\n", b"Connection: close"),
        "chunk size with zeros before it": chunked(b"0000028\r\n" + PING + b"\r\n0\r\n\r\n", b"Connection: close"),
        "chunk ended by a bare LF": chunked(b"28\r\n" + PING + b"\n0\r\n\r\n", b"Connection: close"),
        "bare LF everywhere": request("/mcp/calculator", token=TOKEN).replace(b"\r\n", b"\n"),
        "CR CR LF": post(b"X: y\r", b"Content-Length: 40", b"Connection: close"),
        "many chunks": chunked(b"".join(b"1\r\n%c\r\n" % byte for byte in PING) + b"0\r\n\r\n", b"Connection: close"),
    },
    200,
    reaches="one request, framed anew",
)
def test_what_has_one_reading_here_is_framed_anew(gateway: ScriptedGateway, attack: Attack) -> None:
    """Some of it is lenient (a bare LF, RFC 9112 section 2.2). It is read once, by the one edge that there is."""
    gateway.held(attack, answer_of(exchange(gateway.door, attack.input)))
    [received] = gateway.received
    assert received.body == PING
    assert received.all("transfer-encoding") + received.all("content-length") in (["chunked"], ["40"])


@pytest.mark.covers("S8", "A4")
@S8.one("a second request on a connection that was authorized", 401, reaches="the first one")
def test_each_request_on_a_connection_is_authorized_by_itself(gateway: ScriptedGateway, attack: Attack) -> None:
    first = request("/mcp/calculator", token=TOKEN, close=False)
    found = exchange(gateway.door, first + request("/mcp/calculator"))
    assert [answered.status for answered in found] == [200, 401]
    assert found[1].status in attack.answers
    assert len(gateway.received) == 1


@pytest.mark.covers("S8", "S2")
@S8.one("a good request behind one without a token", 401, reaches="the second one")
def test_the_body_of_a_refused_request_is_not_read_as_a_request(gateway: ScriptedGateway, attack: Attack) -> None:
    """Its body is a whole request with a good token; after it comes the honest one."""
    poisoned = request("/mcp/calculator", body=HIDDEN, close=False)
    found = exchange(gateway.door, poisoned + request("/mcp/calculator", token=TOKEN))
    assert [answered.status for answered in found] == [401, 200]
    assert found[0].status in attack.answers
    assert [received.server for received in gateway.received] == ["calculator"]
