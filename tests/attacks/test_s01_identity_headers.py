"""S1: identity comes from the authorizer alone, whatever a client calls its headers and on whichever route."""

import pytest

from tests.attacks.classes import S1
from tests.attacks.http1 import answer_of, exchange, request
from tests.attacks.http2 import post, respond
from tests.attacks.registry import Attack
from tests.attacks.scripted import CANARY, EMAIL, SCOPES, TOKEN, ScriptedGateway

OWN = {"x-user-sub": ["user-1"], "x-user-email": [EMAIL], "x-user-scopes": [" ".join(sorted(SCOPES.split()))]}
FORGED = CANARY.encode()


def line(name: bytes, value: bytes = FORGED) -> tuple[bytes, ...]:
    return (name + b": " + value,)


STRIPPED = {
    "lower case": line(b"x-user-sub"),
    "capitals": line(b"X-USER-SCOPES"),
    "mixed case": line(b"x-UsEr-eMaIl"),
    "twice": line(b"X-User-Sub") * 2,
    "twice in two cases": line(b"x-user-scopes") + line(b"X-USER-SCOPES"),
    "comma-joined": line(b"X-User-Scopes", FORGED + b",mcp:calculator:scientific"),
    "empty": (b"X-User-Email:",),
    "padded with tabs": line(b"X-User-Sub", b"\t" + FORGED + b"\t"),
    "a name that the gateway does not use": line(b"X-User-Roles"),
    "nothing after the prefix": line(b"X-User-"),
    "named in Connection": (b"Connection: x-user-sub", *line(b"X-User-Sub")),
    "non-ASCII value": line(b"X-User-Email", FORGED + b"\xc3\xa9"),
}
REFUSED = {
    "underscores": line(b"x_user_sub"),
    "one underscore": line(b"x-user_scopes"),
    "underscores in capitals": line(b"X_USER_EMAIL"),
    "space before the colon": (b"X-User-Sub : " + FORGED,),
    "NUL in another header": (b"X-Other: a\x00X-User-Sub: " + FORGED,),
    "NUL in the name": line(b"X-User\x00-Sub"),
    "parentheses in the name": line(b"X-User-Sub(1)"),
    "non-ASCII in the name": line(b"X-User-S\xc3\xbcb"),
}
OPEN_ROUTES = {
    "on the realm's keys": "/realms/mcp-gateway/protocol/openid-connect/certs",
    "on the realm's metadata": "/realms/mcp-gateway/.well-known/openid-configuration",
    "on path-inserted metadata": "/.well-known/oauth-authorization-server/realms/mcp-gateway",
    "on the login form": "/realms/mcp-gateway/login-actions/authenticate",
    "on a page's assets": "/resources/abc/login/style.css",
}


@pytest.mark.covers("S1", "A3")
@S1.add(STRIPPED, 200, reaches="the token's own identity")
def test_a_forged_identity_gives_way_to_the_tokens_own(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, answer_of(exchange(gateway.door, request("/mcp/calculator", *attack.input, token=TOKEN))))
    own_identity_only(gateway)


@pytest.mark.covers("S1")
@S1.add(REFUSED, 400)
def test_a_header_that_a_server_might_read_as_an_identity_is_refused(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, answer_of(exchange(gateway.door, request("/mcp/calculator", *attack.input, token=TOKEN))))


@pytest.mark.covers("S1")
@S1.one("folded into another header's value", 200, reaches="the token's own identity; the rest as one value")
def test_a_folded_line_stays_a_part_of_the_value_before_it(gateway: ScriptedGateway, attack: Attack) -> None:
    """RFC 9112 section 5.2: refuse obs-fold, or make it spaces before anybody reads it. Envoy does the second."""
    folded = request("/mcp/calculator", b"X-Other: a", b"\tX-User-Sub: forged", token=TOKEN)
    gateway.held(attack, answer_of(exchange(gateway.door, folded)))
    own_identity_only(gateway)
    [value] = gateway.received[0].all("x-other")
    assert value.split() == ["a", "X-User-Sub:", "forged"]


@pytest.mark.covers("S1")
@S1.one("after a bare CR in another header", 200, reaches="the token's own identity; the rest as one value")
def test_a_bare_cr_begins_no_line(gateway: ScriptedGateway, attack: Attack) -> None:
    """RFC 9112 section 2.2: invalid, or replaced before anybody reads it. Envoy drops it."""
    gateway.held(
        attack,
        answer_of(exchange(gateway.door, request("/mcp/calculator", b"X-Other: a\rX-User-Sub: forged", token=TOKEN))),
    )
    own_identity_only(gateway)
    assert gateway.received[0].all("x-other") == ["aX-User-Sub: forged"]


@pytest.mark.covers("S1")
@S1.add({"HTTP/2": "x-user-sub", "HTTP/2, another name": "x-user-admin"}, 200, reaches="the token's own identity")
def test_http2_is_stripped_alike(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, respond(gateway.door, post(TOKEN, (attack.input, FORGED), (attack.input, FORGED))))
    own_identity_only(gateway)


@pytest.mark.covers("S1")
@S1.add(
    {"HTTP/2, capitals": "X-User-Sub", "HTTP/2, underscores": "x_user_sub"}, "closed", but_reset={"HTTP/2, underscores"}
)
def test_http2_names_that_are_none_are_refused(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, respond(gateway.door, post(TOKEN, (attack.input, FORGED))))


@pytest.mark.covers("S1")
@S1.add({"HTTP/2, as a trailer": "x-user-sub"}, 200, reaches="the token's own identity")
def test_a_trailer_is_no_identity(gateway: ScriptedGateway, attack: Attack) -> None:
    gateway.held(attack, respond(gateway.door, post(TOKEN), trailers=[(attack.input, FORGED)]))
    own_identity_only(gateway)


@pytest.mark.covers("S1")
@S1.add(OPEN_ROUTES, 200, reaches="the request without them (Keycloak)")
def test_open_routes_are_stripped_too(gateway: ScriptedGateway, attack: Attack) -> None:
    forged = (*line(b"X-User-Sub"), *line(b"x-user-scopes"))
    gateway.held(attack, answer_of(exchange(gateway.door, request(attack.input, *forged, method=b"GET", body=b""))))
    [received] = gateway.at_keycloak
    assert CANARY not in str(received)
    assert [name for name, _ in received.headers if name.startswith("x-user")] == []


def own_identity_only(gateway: ScriptedGateway) -> None:
    [received] = gateway.received
    assert {name: received.all(name) for name in OWN} == OWN
    assert [name for name, _ in received.headers if name.startswith("x-user-") and name not in OWN] == []
    assert CANARY not in str(received)
