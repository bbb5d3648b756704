"""S4 with a scripted Keycloak: what it may say of a token, and what it never would but somebody in its place might."""

import time

import pytest

from tests.attacks.classes import S4
from tests.attacks.http1 import answer_of, exchange, request
from tests.attacks.registry import Attack
from tests.attacks.scripted import ScriptedGateway

NOW = time.time()
NOT_OURS = {
    "not active": {"active": False},
    "another issuer": {"iss": "https://evil.example/realms/mcp-gateway"},
    "issuer of another realm": {"iss": "https://localhost/realms/master"},
    "issuer with a slash at the end": {"iss": "https://localhost/realms/mcp-gateway/"},
    "no issuer": {"iss": ...},
    "type ID": {"typ": "ID"},
    "type Refresh": {"typ": "Refresh"},
    "type Offline": {"typ": "Offline"},
    "type Logout": {"typ": "Logout"},
    "type DPoP": {"token_type": "DPoP"},
    "types that disagree": {"typ": "ID", "token_type": "Bearer"},
    "no type": {"typ": ..., "token_type": ...},
    "bound to a key": {"cnf": {"jkt": "thumbprint"}},
    "bound to nothing": {"cnf": None},
    "expired": {"exp": NOW - 60},
    "expired long ago": {"exp": 0},
    "no expiry": {"exp": ...},
    "not valid yet": {"nbf": NOW + 600},
    "no subject": {"sub": ...},
    "empty subject": {"sub": ""},
    "no audience": {"aud": ...},
    "empty audience": {"aud": []},
    "audience of the gateway alone": {"aud": "api-gateway"},
    "audience of another resource": {"aud": ["api-gateway", "https://localhost/mcp/weather"]},
    "audience with a slash at the end": {"aud": ["https://localhost/mcp/calculator/"]},
    "audience in capitals": {"aud": ["HTTPS://LOCALHOST/MCP/CALCULATOR"]},
    "audience that begins alike": {"aud": ["https://localhost/mcp/calculator.evil.example"]},
    "audience of the folder": {"aud": ["https://localhost/mcp"]},
    "audience *": {"aud": ["*"]},
    "audience in one text with a space": {"aud": "api-gateway https://localhost/mcp/calculator"},
}
UNREADABLE = {
    "active as text": {"active": "true"},
    "active as a number": {"active": 1},
    "active as a list": {"active": [True]},
    "active null": {"active": None},
    "active absent": {"active": ...},
    "expiry as text": {"exp": "9999999999"},
    "expiry true": {"exp": True},
    "expiry infinite": {"exp": float("inf")},
    "not-before as text": {"nbf": "0"},
    "subject as a list": {"sub": ["user-1"]},
    "issuer as a list": {"iss": ["https://localhost/realms/mcp-gateway"]},
    "scopes as a list": {"scope": ["mcp:calculator"]},
    "audience as an object": {"aud": {"api-gateway": True}},
    "audience with a number": {"aud": ["api-gateway", 1]},
}


def judged(gateway: ScriptedGateway, attack: Attack) -> None:
    origin = gateway.recording.settings.origin
    at_home = {name: _moved(value, origin) for name, value in attack.input.items()}
    token = gateway.token_for(**at_home)
    gateway.held(attack, answer_of(exchange(gateway.door, request("/mcp/calculator", token=token))))
    assert gateway.asked == [token]


@pytest.mark.covers("S4", "R5")
@S4.each(S4.alike({f"introspection: {name}": changes for name, changes in NOT_OURS.items()}, 401))
def test_a_token_that_is_not_for_us_is_refused(gateway: ScriptedGateway, attack: Attack) -> None:
    judged(gateway, attack)


@pytest.mark.covers("S4")
@S4.each(S4.alike({f"introspection: {name}": changes for name, changes in UNREADABLE.items()}, 503))
def test_an_answer_that_breaks_the_rfc_says_nothing_about_the_token(gateway: ScriptedGateway, attack: Attack) -> None:
    """RFC 7662 section 2.2. Not 401: it is not the client who is at fault."""
    judged(gateway, attack)


def _moved(value: object, origin: str) -> object:
    """The same claim at this gateway's own address."""
    if isinstance(value, list):
        return [_moved(entry, origin) for entry in value]
    return value.replace("https://localhost", origin) if isinstance(value, str) else value
