"""S19: whatever a client writes, a log has one record a line and nothing that is secret; no error quotes what was sent.

That the logs are clean is asserted for every file of this folder (conftest.py); here are inputs made for that alone.
"""

import base64
import json

import pytest

from tests.attacks.classes import S19
from tests.attacks.http1 import PING, exchange, request
from tests.attacks.registry import Attack
from tests.attacks.scripted import CANARY, EMAIL, SECRETS, TOKEN, ScriptedGateway

FORGED = '{"time":"now","forged":"allow"}'
SECRET = CANARY.encode()
BASIC = base64.b64encode(f"{EMAIL}:{CANARY}".encode())


def message(**members: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"} | members).encode()


LINES = {
    "line break in a path": request(f"/mcp/calculator/%0d%0a{FORGED.replace('{', '%7b').replace('}', '%7d')}"),
    "line break in a query": request("/mcp/calculator?a=%0d%0a%7b%22forged%22:1%7d"),
    "quotes in a path": request('/mcp/calculator/","forged":"x'),
    "quotes in a method": request("/mcp/calculator", method=b'A","forged":"'),
    "escape sequence in a path": request("/mcp/calculator/%1b[2J%1b]0;x%07"),
    "bytes that are no UTF-8 in a path": request(b"/mcp/calculator/\xff\xfe"),
    "a path of 20 KiB": request("/mcp/calculator/" + "a" * 20_000),
    "a forged request id": request("/mcp/calculator", b'X-Request-Id: x","forged":"1'),
    "a request id of 10 KiB": request("/mcp/calculator", b"X-Request-Id: " + b"a" * 10_000),
    "a forged original path": request("/mcp/calculator", b'X-Envoy-Original-Path: /","forged":"1'),
    "a forged user agent": request("/mcp/calculator", b'User-Agent: x","forged":"1'),
    "line break in a tool's name": request(
        token=TOKEN, body=message(method="tools/call", params={"name": f"add\r\n{FORGED}"})
    ),
    "line separator in a tool's name": request(
        token=TOKEN, body=message(method="tools/call", params={"name": f"add\u2028{FORGED}"})
    ),
    "a tool's name of 500 KiB": request(token=TOKEN, body=message(method="tools/call", params={"name": "a" * 500_000})),
}
HELD_BACK = {
    "secret in Basic": request("/mcp/calculator", b"Authorization: Basic " + BASIC),
    "secret as a token": request("/mcp/calculator", token=CANARY),
    "secret in a token that is none": request("/mcp/calculator", b"Authorization: Bearer <" + SECRET + b">"),
    "secret in a cookie": request("/mcp/calculator", b"Cookie: session=" + SECRET),
    "secret in a query": request(f"/mcp/calculator?password={CANARY}&mail={EMAIL}"),
    "secret in a fragment": request(f"/mcp/calculator#{CANARY}"),
    "secret in a query that is refused": request(f"/mcp%2f?{CANARY}"),
    "secret in a query of nowhere": request(f"/nowhere?{CANARY}"),
    "secret in a query of the token endpoint": request(
        f"/realms/mcp-gateway/protocol/openid-connect/tokens?client_secret={CANARY}", method=b"GET", body=b""
    ),
    "secret in a query of an upgrade": request(
        f"/mcp/calculator?{CANARY}", b"Upgrade: websocket", b"Connection: Upgrade", close=False
    ),
    "secret in an unknown header": request("/mcp/calculator", b"X-Api-Key: " + SECRET),
    "secret in a header that is refused": request("/mcp/calculator", b"x_key: " + SECRET),
    "secret in an origin": request("/mcp/calculator", b"Origin: https://" + SECRET, token=TOKEN),
    "secret in Mcp-Name": request("/mcp/calculator", b"Mcp-Name: " + SECRET, token=TOKEN),
    "secret in Mcp-Method": request("/mcp/calculator", b"Mcp-Method: " + SECRET, token=TOKEN),
    "secret in Content-Type": request("/mcp/calculator", b"Content-Type: text/" + SECRET, token=TOKEN),
    "secret in JSON that is none": request(token=TOKEN, body=b'{"password":"' + SECRET + b'"'),
    "secret as a JSON name twice": request(token=TOKEN, body=b'{"%s":1,"%s":2}' % (SECRET, SECRET)),
    "secret as a version": request(token=TOKEN, body=message(jsonrpc=CANARY)),
    "secret as a number": request(token=TOKEN, body=PING.replace(b'"id":1', b'"id":' + SECRET)),
    "e-mail address in JSON that is none": request(token=TOKEN, body=EMAIL.encode()),
}


@pytest.mark.covers("S19")
@S19.add(
    LINES,
    401,
    but_400={"quotes in a method", "bytes that are no UTF-8 in a path"},
    but_403={"line break in a tool's name", "line separator in a tool's name", "a tool's name of 500 KiB"},
)
def test_a_line_of_a_log_is_one_record(gateway: ScriptedGateway, attack: Attack) -> None:
    [answered] = exchange(gateway.door, attack.input)
    gateway.held(attack, answered.status)
    assert b"\r\n{" not in answered.body


@pytest.mark.covers("S19", "S3")
@S19.add(
    HELD_BACK,
    400,
    but_401={
        "secret in Basic",
        "secret as a token",
        "secret in a token that is none",
        "secret in a cookie",
        "secret in a query",
        "secret in an unknown header",
    },
    but_403={"secret in a query of an upgrade", "secret in an origin"},
    but_404={"secret in a query of nowhere", "secret in a query of the token endpoint"},
    but_415={"secret in Content-Type"},
)
def test_an_error_does_not_quote_what_was_sent(gateway: ScriptedGateway, attack: Attack) -> None:
    [answered] = exchange(gateway.door, attack.input)
    gateway.held(attack, answered.status)
    told = answered.body.decode() + str(answered.headers)
    assert [secret for secret in SECRETS if secret in told] == []


@pytest.mark.covers("S19")
def test_the_logs_say_what_is_needed_and_no_more(gateway: ScriptedGateway) -> None:
    """The records that the checks above look at are there, so that they cannot pass on empty logs."""
    exchange(gateway.door, request("/mcp/calculator/where?secret=x", token=TOKEN))
    logs = gateway.logs()
    [access] = [json.loads(line) for line in logs["envoy"].splitlines() if '"/where"' in line]
    [decision] = [json.loads(line) for line in logs["ext-authz"].splitlines() if '"/mcp/calculator/where"' in line]
    assert (access["status"], access["route"], access["method"]) == (200, "mcp-calculator", "POST")
    assert (decision["verdict"], decision["subject"]) == ("allow", "user-1")
    assert access["request_id"] == decision["request_id"]
