"""S15: what a user may choose (a name, an e-mail address) becomes one header value, whatever is in it."""

from urllib.parse import unquote

import pytest

from tests.attacks.classes import S15
from tests.attacks.http1 import answer_of, exchange, request
from tests.attacks.registry import Attack
from tests.attacks.scripted import ScriptedGateway

CLAIMS = {
    "subject with a line break": {"sub": "user-1\r\nX-User-Scopes: mcp:calculator:scientific"},
    "subject with LF": {"sub": "user-1\nX-User-Email: root@example.org"},
    "subject with CR": {"sub": "user-1\rX: y"},
    "subject with NUL": {"sub": "user-1\x00"},
    "subject with a comma": {"sub": "user-1,admin"},
    "subject with spaces around": {"sub": "  user-1  "},
    "subject with a semicolon": {"sub": "user-1; admin"},
    "subject with DEL": {"sub": "user-1\x7f"},
    "subject with all control characters": {"sub": "".join(map(chr, range(1, 32)))},
    "subject in Chinese": {"sub": "\u7528\u6237"},
    "subject with an overriding direction": {"sub": "user\u202e1"},
    "subject with a line separator": {"sub": "user\u20281"},
    "subject that is encoded already": {"sub": "user%0d%0aX: y"},
    "subject of 4 KiB": {"sub": "s" * 4096},
    "e-mail with a line break": {"email": "a@example.com\r\nX-User-Sub: root"},
    "e-mail with a comma": {"email": "a@example.com,root@example.com"},
    "e-mail with a quoted comma": {"email": '"a, b"@example.com'},
    "e-mail with an umlaut": {"email": "j\u00fcrgen@example.com"},
    "e-mail with an emoji": {"email": "\U0001f600@example.com"},
    "e-mail with NUL": {"email": "a@example.com\x00"},
}
ABSENT = {
    "no e-mail": {"email": ...},
    "empty e-mail": {"email": ""},
    "e-mail null": {"email": None},
}


@pytest.mark.covers("S15", "A3", "S19")
@S15.add(CLAIMS, 200, reaches="one header, percent-encoded")
def test_a_claim_is_one_header_value(gateway: ScriptedGateway, attack: Attack) -> None:
    token = gateway.token_for(**attack.input)
    gateway.held(attack, answer_of(exchange(gateway.door, request("/mcp/calculator", token=token))))
    [received] = gateway.received
    for claim, name in (("sub", "x-user-sub"), ("email", "x-user-email")):
        [value] = received.all(name)
        assert unquote(value) == gateway.tokens[token][claim]
        assert value.isascii()
        assert not set(value) & {",", " ", ";", *map(chr, range(32))}
    assert [name for name, _ in received.headers if name.startswith("x-user-")] == OWN
    assert received.all("x") == []


@pytest.mark.covers("S15", "A3")
@S15.add(ABSENT, 200, reaches="no such header, not a client's either")
def test_a_claim_that_is_absent_is_absent(gateway: ScriptedGateway, attack: Attack) -> None:
    forged = request("/mcp/calculator", b"X-User-Email: forged", token=gateway.token_for(**attack.input))
    gateway.held(attack, answer_of(exchange(gateway.door, forged)))
    assert [received.all("x-user-email") for received in gateway.received] == [[]]


@pytest.mark.covers("S15")
@S15.add({"subject with a lone surrogate": {"sub": "user-\ud800"}}, 503)
def test_a_claim_that_is_no_text_is_refused(gateway: ScriptedGateway, attack: Attack) -> None:
    token = gateway.token_for(**attack.input)
    gateway.held(attack, answer_of(exchange(gateway.door, request("/mcp/calculator", token=token))))


OWN = ["x-user-sub", "x-user-email", "x-user-scopes"]
