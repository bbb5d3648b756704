"""S7: what a client says about the host, the way it came and who it is changes no decision and no URL in an answer."""

import json

import pytest

from tests.attacks.classes import S7
from tests.attacks.http1 import answer_of, exchange, request
from tests.attacks.http2 import post, respond
from tests.attacks.registry import Attack
from tests.attacks.scripted import TOKEN, ScriptedGateway

EVIL = b"evil.example"
METADATA = "/.well-known/oauth-protected-resource/mcp/calculator"

HEADERS = {
    "X-Forwarded-Host": b"X-Forwarded-Host: evil.example",
    "X-Forwarded-Proto": b"X-Forwarded-Proto: http",
    "X-Forwarded-Port": b"X-Forwarded-Port: 6666",
    "X-Forwarded-Prefix": b"X-Forwarded-Prefix: /evil.example",
    "X-Forwarded-For": b"X-Forwarded-For: 203.0.113.9, evil.example",
    "X-Forwarded-Server": b"X-Forwarded-Server: evil.example",
    "X-Forwarded-Client-Cert": b"X-Forwarded-Client-Cert: By=evil.example;URI=spiffe://envoy",
    "X-Original-URL": b"X-Original-URL: /mcp/weather/evil.example",
    "X-Original-Host": b"X-Original-Host: evil.example",
    "X-Rewrite-URL": b"X-Rewrite-URL: /mcp/weather/evil.example",
    "X-Real-IP": b"X-Real-IP: 203.0.113.9",
    "True-Client-IP": b"True-Client-IP: 203.0.113.9",
    "Forwarded": b"Forwarded: for=203.0.113.9;host=evil.example;proto=http",
    "X-Client-Cert": b"X-Client-Cert: evil.example",
    "X-Envoy-Original-Path": b"X-Envoy-Original-Path: /evil.example",
    "X-Envoy-External-Address": b"X-Envoy-External-Address: 203.0.113.9",
    "X-Envoy-Internal": b"X-Envoy-Internal: true; evil.example",
    "X-Envoy-Decorator-Operation": b"X-Envoy-Decorator-Operation: evil.example",
    "X-Envoy-Downstream-Service-Cluster": b"X-Envoy-Downstream-Service-Cluster: evil.example",
    "X-Envoy-Peer-Metadata": b"X-Envoy-Peer-Metadata: evil.example",
    "X-Envoy-Upstream-Rq-Timeout-Ms": b"X-Envoy-Upstream-Rq-Timeout-Ms: 666",
    "X-Envoy-Upstream-Alt-Stat-Name": b"X-Envoy-Upstream-Alt-Stat-Name: evil.example",
    "X-Envoy-Retry-On": b"X-Envoy-Retry-On: 5xx,gateway-error",
    "X-Envoy-Max-Retries": b"X-Envoy-Max-Retries: 666",
    "X-Envoy-Hedge-On-Per-Try-Timeout": b"X-Envoy-Hedge-On-Per-Try-Timeout: true",
    "X-Envoy-Ip-Tags": b"X-Envoy-Ip-Tags: evil.example",
    "X-Envoy-Auth-Partial-Body": b"X-Envoy-Auth-Partial-Body: true",
}
HOSTS = {
    "another host": EVIL,
    "another host and port": b"evil.example:99",
    "capitals": b"EVIL.EXAMPLE",
    "a server's own name": b"mcp-weather:8000",
    "an address of the cloud": b"169.254.169.254",
    "trailing dot": b"localhost.",
    "IPv6": b"[::1]:99",
    "a user before it": b"localhost@evil.example",
    "two with a comma": b"localhost,evil.example",
    "twice": b"localhost\r\nHost: evil.example",
}


@pytest.mark.covers("S7")
@S7.add(HEADERS, 200, reaches="the call without it")
def test_a_header_about_the_way_reaches_no_server(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, answer_of(exchange(gateway.door, request("/mcp/calculator", attack.input, token=TOKEN))))
    [received] = gateway.received
    name, _, value = attack.input.decode().partition(": ")
    assert value not in received.all(name.lower())
    assert "evil" not in str(received.headers)
    assert "203.0.113.9" not in str(received.headers)
    assert received.all("host") == ["mcp-calculator"]
    assert received.all("x-forwarded-proto") == ["https"]


@pytest.mark.covers("S7", "R1", "R2")
@pytest.mark.parametrize("line", HEADERS.values(), ids=HEADERS.keys())
def test_no_header_changes_an_address_in_an_answer(gateway: ScriptedGateway, line: bytes) -> None:
    addresses_are_our_own(gateway, request("/mcp/calculator", line), request(METADATA, line, method=b"GET", body=b""))


@pytest.mark.covers("S7", "R1", "R2")
@S7.add({f"Host: {name}": value for name, value in HOSTS.items()}, 401)
def test_no_host_changes_an_address_in_an_answer(gateway: ScriptedGateway, attack: Attack) -> None:
    refused = request("/mcp/calculator", host=attack.input)
    gateway.held(attack, answer_of(exchange(gateway.door, refused)))
    addresses_are_our_own(gateway, refused, request(METADATA, host=attack.input, method=b"GET", body=b""))


@pytest.mark.covers("S7")
@S7.add(
    {
        "Host absent": request("/mcp/calculator", host=None),
        "Host with a path": request("/mcp/calculator", host=b"localhost/evil.example"),
        "Host with a space": request("/mcp/calculator", host=b"localhost evil.example"),
        "Host with a control byte": request("/mcp/calculator", host=b"localhost\x01"),
    },
    400,
)
def test_a_host_that_is_none_is_refused(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, answer_of(exchange(gateway.door, attack.input)))


@pytest.mark.covers("S7")
@S7.add(
    {"SNI of a server behind the gateway": "mcp-weather", "SNI of another": "evil.example", "no SNI": None},
    200,
    reaches="the call, as with the right name",
)
def test_the_name_in_the_tls_handshake_decides_nothing(gateway: ScriptedGateway, attack: Attack) -> None:
    call = request("/mcp/calculator", token=TOKEN)
    gateway.held(attack, answer_of(exchange(gateway.door, call, sni=attack.input)))
    assert [received.server for received in gateway.received] == ["calculator"]


@pytest.mark.covers("S7")
@S7.add({"HTTP/2: another authority": EVIL.decode()}, 200, reaches="the server's own host name")
def test_http2_authority_is_not_passed_on(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, respond(gateway.door, post(TOKEN, authority=attack.input)))
    [received] = gateway.received
    assert received.all("host") == ["mcp-calculator"]


@pytest.mark.covers("S7", "S6")
@S7.one("HTTP/2: Host and authority that differ", 401)
def test_http2_host_beside_the_authority_is_not_believed(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, respond(gateway.door, post("unknown", ("host", EVIL))))


def addresses_are_our_own(gateway: ScriptedGateway, refused: bytes, metadata: bytes) -> None:
    origin = gateway.recording.settings.origin
    [challenge] = exchange(gateway.door, refused)
    [document] = exchange(gateway.door, metadata)
    assert f'resource_metadata="{origin}{METADATA}"' in challenge.headers["www-authenticate"]
    told = json.loads(document.body)
    assert told["resource"] == f"{origin}/mcp/calculator"
    assert told["authorization_servers"] == [f"{origin}/realms/mcp-gateway"]
