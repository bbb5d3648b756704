"""S16: a page of another origin reads nothing and calls nothing, with a good token too (MCP: DNS rebinding)."""

import pytest

from tests.attacks.classes import S16
from tests.attacks.http1 import Answered, exchange, request
from tests.attacks.registry import Attack
from tests.attacks.scripted import TOKEN, ScriptedGateway

ORIGINS = {
    "another site": b"https://evil.example",
    "null": b"null",
    "a file": b"file://",
    "an extension": b"chrome-extension://abcdefghijklmnop",
    "the Inspector with more behind": b"http://localhost:6274.evil.example",
    "the Inspector as a user": b"http://localhost:6274@evil.example",
    "the Inspector in capitals": b"HTTP://LOCALHOST:6274",
    "the Inspector by https": b"https://localhost:6274",
    "the Inspector by address": b"http://127.0.0.1:6274",
    "the Inspector with a slash": b"http://localhost:6274/",
    "the Inspector with a path": b"http://localhost:6274/x",
    "the Inspector with a trailing dot": b"http://localhost.:6274",
    "another port": b"http://localhost:62740",
    "no port": b"http://localhost",
    "a subdomain": b"http://evil.localhost:6274",
    "something before it": b"http://evillocalhost:6274",
    "two in one": b"http://localhost:6274 https://evil.example",
    "two with a comma": b"http://localhost:6274, https://evil.example",
    "star": b"*",
    "non-ASCII": b"http://localhost\xc3\xa9:6274",
}
PREFLIGHT = (b"Access-Control-Request-Method: POST", b"Access-Control-Request-Headers: authorization")


@pytest.mark.covers("S16", "R7")
@S16.add(ORIGINS, 403)
def test_a_page_of_another_origin_calls_nothing(gateway: ScriptedGateway, attack: Attack) -> None:
    [call] = exchange(gateway.door, request("/mcp/calculator", b"Origin: " + attack.input, token=TOKEN))
    [preflight] = exchange(
        gateway.door,
        request("/mcp/calculator", b"Origin: " + attack.input, *PREFLIGHT, method=b"OPTIONS", body=b""),
    )
    gateway.held(attack, call.status)
    assert preflight.status in attack.answers
    assert allowed(call) | allowed(preflight) == {}
    assert gateway.asked == []


@pytest.mark.covers("S16", "R7")
@S16.one("two Origin headers, one of them allowed", 403)
def test_two_origins_are_none(gateway: ScriptedGateway, attack: Attack) -> None:
    both = (b"Origin: http://localhost:6274", b"Origin: https://evil.example")
    [call] = exchange(gateway.door, request("/mcp/calculator", *both, token=TOKEN))
    gateway.held(attack, call.status)
    assert allowed(call) == {}


@pytest.mark.covers("S16", "R7")
@S16.add({"credentials asked for by an allowed page": b"Cookie: a=b"}, 401)
def test_credentials_are_never_allowed(gateway: ScriptedGateway, attack: Attack) -> None:
    """The wildcard among the allowed headers holds only without credentials (Fetch standard)."""
    [refused] = exchange(gateway.door, request("/mcp/calculator", b"Origin: http://localhost:6274", attack.input))
    gateway.held(attack, refused.status)
    assert allowed(refused)["access-control-allow-origin"] == "http://localhost:6274"
    assert "access-control-allow-credentials" not in refused.headers


@pytest.mark.covers("S16", "R7")
@S16.add({"discovery read by any page, with cookies": b"https://evil.example"}, 200)
def test_discovery_is_for_every_page_and_without_credentials(gateway: ScriptedGateway, attack: Attack) -> None:
    path = "/.well-known/oauth-protected-resource/mcp/weather"
    sent = request(path, b"Origin: " + attack.input, b"Cookie: a=b", method=b"GET", body=b"")
    [document] = exchange(gateway.door, sent)
    gateway.held(attack, document.status)
    assert "access-control-allow-credentials" not in document.headers


def allowed(answered: Answered) -> dict[str, str]:
    return {name: value for name, value in answered.headers.items() if name.startswith("access-control-allow-")}
