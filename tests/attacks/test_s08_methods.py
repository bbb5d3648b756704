"""S8: request lines, versions, methods and upgrades that a gateway has no use for."""

import pytest

from tests.attacks.classes import S8
from tests.attacks.http1 import PING, answer_of, exchange, head, request
from tests.attacks.registry import Attack
from tests.attacks.scripted import TOKEN, ScriptedGateway

AUTH = b"Authorization: Bearer " + TOKEN.encode()


def first_line(line: bytes) -> bytes:
    return request("/x", token=TOKEN).replace(b"POST /x HTTP/1.1", line, 1)


def upgrade(*lines: bytes, method: bytes = b"GET") -> bytes:
    return request("/mcp/calculator", *lines, token=TOKEN, method=method, body=b"", close=False)


WEBSOCKET = (b"Connection: Upgrade", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
REQUEST_LINES = {
    "HTTP/0.9": b"GET /mcp/calculator\r\n\r\n",
    "HTTP/1.2": first_line(b"POST /mcp/calculator HTTP/1.2"),
    "HTTP/2.0 as text": first_line(b"POST /mcp/calculator HTTP/2.0"),
    "HTTP/11": first_line(b"POST /mcp/calculator HTTP/11"),
    "version in lower case": first_line(b"POST /mcp/calculator http/1.1"),
    "another protocol": first_line(b"POST /mcp/calculator ICAP/1.0"),
    "a third word": first_line(b"POST /mcp/calculator /mcp/weather HTTP/1.1"),
    "control byte in the method": first_line(b"PO\x01ST /mcp/calculator HTTP/1.1"),
    "no method": first_line(b" /mcp/calculator HTTP/1.1"),
    "the HTTP/2 preface behind a request": first_line(b"PRI * HTTP/2.0"),
    "TLS inside TLS": bytes.fromhex("16030100c8010000c40303") + bytes(190),
    "asterisk with POST": first_line(b"POST * HTTP/1.1"),
}
METHODS = {
    "TRACE": b"TRACE",
    "PUT": b"PUT",
    "PATCH": b"PATCH",
    "WebDAV's MKCOL": b"MKCOL",
    "PURGE": b"PURGE",
    "post in lower case": b"post",
    "a made-up method": b"FOO",
    "a method of 2 KiB": b"A" * 2048,
}
UPGRADES = {
    "upgrade to WebSocket": upgrade(b"Upgrade: websocket", *WEBSOCKET),
    "upgrade to TLS": upgrade(b"Upgrade: TLS/1.3", b"Connection: Upgrade"),
    "upgrade in capitals": upgrade(b"UPGRADE: WEBSOCKET", *WEBSOCKET),
    "two upgrades": upgrade(b"Upgrade: websocket, h2c", *WEBSOCKET),
    "upgrade of a POST": upgrade(b"Upgrade: websocket", *WEBSOCKET, method=b"POST"),
}
OVERRIDES = {
    "X-HTTP-Method-Override": b"X-HTTP-Method-Override: DELETE",
    "X-HTTP-Method": b"X-HTTP-Method: DELETE",
    "X-Method-Override": b"X-Method-Override: DELETE",
}


@pytest.mark.covers("S8")
@S8.add(
    REQUEST_LINES,
    400,
    but_426={"HTTP/0.9", "HTTP/1.2", "HTTP/2.0 as text"},
    but_closed={"the HTTP/2 preface behind a request"},
)
def test_a_request_line_of_another_kind_is_refused(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, answer_of(exchange(gateway.door, attack.input)))


@pytest.mark.covers("S8")
@S8.each(
    [
        *S8.alike({"HTTP/1.0": ()}, 426),
        *S8.alike({"HTTP/1.0, chunked": (b"Transfer-Encoding: chunked",)}, 400),
    ]
)
def test_http_1_0_is_refused(gateway: ScriptedGateway, attack: Attack) -> None:
    old = request("/mcp/calculator", *attack.input, token=TOKEN, version=b"HTTP/1.0")
    gateway.held(attack, answer_of(exchange(gateway.door, old)))


@pytest.mark.covers("S8")
@S8.add(METHODS, 405, but_400={"post in lower case", "a made-up method", "a method of 2 KiB"})
def test_methods_that_mcp_does_not_use_are_refused_with_a_good_token(gateway: ScriptedGateway, attack: Attack) -> None:
    sent = request("/mcp/calculator", token=TOKEN, method=attack.input, body=b"")
    gateway.held(attack, answer_of(exchange(gateway.door, sent)))


@pytest.mark.covers("S8")
@S8.add(
    {
        "CONNECT": head(b"CONNECT localhost:443 HTTP/1.1", b"Host: localhost:443", AUTH),
        "CONNECT to a server behind": head(b"CONNECT mcp-weather:8000 HTTP/1.1", b"Host: mcp-weather:8000", AUTH),
        "CONNECT with a path": head(b"CONNECT /mcp/calculator HTTP/1.1", b"Host: localhost", AUTH),
    },
    404,
    but_400={"CONNECT with a path"},
)
def test_nobody_is_connected_through(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, answer_of(exchange(gateway.door, attack.input)))


@pytest.mark.covers("S8")
@S8.add(UPGRADES, 403)
def test_no_upgrade_is_taken(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, answer_of(exchange(gateway.door, attack.input)))


@pytest.mark.covers("S8")
@S8.add(
    {
        "upgrade to h2c": (b"Upgrade: h2c", b"Connection: close, Upgrade, HTTP2-Settings", b"HTTP2-Settings: AAMAAABk"),
        "the settings of h2c alone": (b"HTTP2-Settings: AAMAAABk", b"Connection: HTTP2-Settings"),
    },
    200,
    reaches="the call as HTTP/1.1, without the offer",
)
def test_an_offer_of_h2c_is_not_taken_and_not_passed_on(gateway: ScriptedGateway, attack: Attack) -> None:
    """RFC 9113 section 3.1: h2c by upgrade is no more. A server that took it would talk past the gateway's rules."""
    sent = request("/mcp/calculator", *attack.input, token=TOKEN)
    gateway.held(attack, answer_of(exchange(gateway.door, sent)))
    [received] = gateway.received
    assert received.all("upgrade") + received.all("http2-settings") + received.all("connection") == []


@pytest.mark.covers("S8")
@S8.one("a request line with tabs", 200, reaches="the call, with spaces")
def test_a_request_line_with_tabs_is_written_anew(gateway: ScriptedGateway, attack: Attack) -> None:
    """RFC 9112 section 3 lets a server take them for spaces."""
    tabs = first_line(b"POST\t/mcp/calculator\tHTTP/1.1")
    gateway.held(attack, answer_of(exchange(gateway.door, tabs)))
    assert [(received.method, received.target) for received in gateway.received] == [("POST", "/")]


@pytest.mark.covers("S8", "S7")
@S8.add(OVERRIDES, 200, reaches="a POST without the header")
def test_a_header_does_not_rename_the_method(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, answer_of(exchange(gateway.door, request("/mcp/calculator", attack.input, token=TOKEN))))
    [received] = gateway.received
    assert received.method == "POST"
    assert received.all(attack.input.decode().partition(":")[0].lower()) == []


@pytest.mark.covers("S8", "S12")
@S8.add({"GET with a body": b"GET", "DELETE with a body": b"DELETE"}, 400)
def test_a_body_where_none_belongs_is_refused(gateway: ScriptedGateway, attack: Attack) -> None:
    sent = request("/mcp/calculator", token=TOKEN, method=attack.input, body=PING)
    found = exchange(gateway.door, sent)
    gateway.held(attack, found[0].status if found else "closed")


@pytest.mark.covers("S8", "R7")
@S8.add({"OPTIONS with a token": b"OPTIONS"}, 204)
def test_options_is_answered_at_the_door(gateway: ScriptedGateway, attack: Attack) -> None:
    sent = request("/mcp/calculator", token=TOKEN, method=attack.input, body=b"")
    gateway.held(attack, answer_of(exchange(gateway.door, sent)))
