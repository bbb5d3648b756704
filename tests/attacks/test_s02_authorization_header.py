"""S2: what cannot be a token is refused by its form, and Keycloak is not asked about it."""

import pytest

from tests.attacks.classes import S2
from tests.attacks.http1 import answer_of, exchange, request
from tests.attacks.http2 import post, respond
from tests.attacks.registry import Attack
from tests.attacks.scripted import CANARY, TOKEN, ScriptedGateway

GOOD = TOKEN.encode()
LIKE_ONE = CANARY.encode()


def line(value: bytes) -> tuple[bytes, ...]:
    return (b"Authorization: " + value,)


UNAUTHORIZED = {
    "absent": (),
    "no value": (b"Authorization:",),
    "spaces only": line(b"   "),
    "Basic": line(b"Basic " + LIKE_ONE),
    "Digest": line(b'Digest username="a"'),
    "Negotiate": line(b"Negotiate " + LIKE_ONE),
    "DPoP with a good token": line(b"DPoP " + GOOD),
    "the token without a scheme": line(GOOD),
    "Bearer without a token": line(b"Bearer"),
    "Bearer and spaces": line(b"Bearer    "),
    "no space after Bearer": line(b"Bearer" + GOOD),
    "colon after Bearer": line(b"Bearer: " + GOOD),
    "Bearer twice": line(b"Bearer Bearer " + GOOD),
    "two tokens with a space": line(b"Bearer " + GOOD + b" " + GOOD),
    "token in quotes": line(b'Bearer "' + GOOD + b'"'),
    "token and a semicolon": line(b"Bearer " + GOOD + b";"),
    "token as a parameter": line(b"Bearer token=" + GOOD + b" x"),
    "percent-encoded token": line(b"Bearer " + GOOD + b"%2e"),
    "padding in the middle": line(b"Bearer a=" + GOOD),
    "UTF-8": line("Bearer töken".encode()),
    "Latin-1": line(b"Bearer t\xf6ken"),
    "full-width B": line(b"\xef\xbc\xa2earer " + GOOD),
    "bare CR and another header": line(b"Bearer " + GOOD + b"\rX: y"),
    "in Proxy-Authorization": (b"Proxy-Authorization: Bearer " + GOOD,),
    "in X-Authorization": (b"X-Authorization: Bearer " + GOOD,),
    "in X-Forwarded-Access-Token": (b"X-Forwarded-Access-Token: " + GOOD,),
    "in X-Api-Key": (b"X-Api-Key: " + GOOD,),
    "in a cookie": (b"Cookie: access_token=" + GOOD + b"; Authorization=Bearer " + GOOD,),
    "in Sec-WebSocket-Protocol": (b"Sec-WebSocket-Protocol: bearer, " + GOOD,),
}
AMBIGUOUS = {
    "the same token twice": line(b"Bearer " + GOOD) * 2,
    "a good token and another": line(b"Bearer " + GOOD) + line(b"Bearer " + LIKE_ONE),
    "Basic and Bearer": line(b"Basic YTpi") + line(b"Bearer " + GOOD),
    "two in two cases": (b"authorization: Bearer " + GOOD, b"AUTHORIZATION: Bearer " + GOOD),
    "joined with a comma": line(b"Bearer " + GOOD + b",Bearer " + GOOD),
    "comma at the end": line(b"Bearer " + GOOD + b","),
    "tab after Bearer": line(b"Bearer\t" + GOOD),
    "NUL": line(b"Bearer " + GOOD + b"\x00"),
    "DEL": line(b"Bearer " + GOOD + b"\x7f"),
    "space before the colon": (b"Authorization : Bearer " + GOOD,),
    "underscored look-alike": (b"Authorization_: Bearer " + GOOD,),
}
LONG = {"9 KiB": line(b"Bearer " + b"a" * 9_000), "40 KiB": line(b"Bearer " + b"a" * 40_000)}


@pytest.mark.covers("S2", "R4")
@S2.add(UNAUTHORIZED, 401)
def test_what_is_no_bearer_token_is_as_good_as_none(gateway: ScriptedGateway, attack: Attack) -> None:
    refused_without_asking(gateway, attack, answer_of(exchange(gateway.door, request("/mcp/weather", *attack.input))))


@pytest.mark.covers("S2", "R4")
@S2.add(AMBIGUOUS, 400)
def test_what_two_readers_may_read_differently_is_refused(gateway: ScriptedGateway, attack: Attack) -> None:
    refused_without_asking(gateway, attack, answer_of(exchange(gateway.door, request("/mcp/weather", *attack.input))))


@pytest.mark.covers("S2", "R4", "S9")
@S2.add(LONG, 431)
def test_what_is_too_long_is_refused(gateway: ScriptedGateway, attack: Attack) -> None:
    refused_without_asking(gateway, attack, answer_of(exchange(gateway.door, request("/mcp/weather", *attack.input))))


@pytest.mark.covers("S2")
@S2.add(
    {
        "HTTP/2, twice": [("authorization", f"Bearer {TOKEN}")],
        "HTTP/2, capitals": [("Authorization", f"Bearer {TOKEN}")],
        "HTTP/2, line break": [("x-other", f"a\r\nauthorization: Bearer {TOKEN}")],
    },
    "closed",
    but_400={"HTTP/2, twice"},
)
def test_http2_is_read_as_strictly(gateway: ScriptedGateway, attack: Attack) -> None:
    refused_without_asking(gateway, attack, respond(gateway.door, post(TOKEN, *attack.input)))


@pytest.mark.covers("S2")
@S2.add({"a good token, and an empty header": (*line(b"Bearer " + GOOD), b"Authorization:")}, 200, reaches="the call")
def test_an_empty_header_beside_the_token_is_no_second_one(gateway: ScriptedGateway, attack: Attack) -> None:
    """Envoy drops it before the authorizer is asked, so there is one reading; a server sees neither."""
    gateway.held(attack, answer_of(exchange(gateway.door, request("/mcp/weather", *attack.input))))
    assert gateway.asked == [TOKEN]
    [received] = gateway.received
    assert received.all("authorization") == []


def refused_without_asking(gateway: ScriptedGateway, attack: Attack, answer: object) -> None:
    gateway.held(attack, answer)  # type: ignore[arg-type]
    assert gateway.asked == []
