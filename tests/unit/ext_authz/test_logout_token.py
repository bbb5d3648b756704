"""Which logout tokens end a session (OpenID Connect Back-Channel Logout 1.0 §2.6)."""

import base64
import json
import time
from typing import Any

import pytest
from ext_authz.logout_token import LogoutTokenRefused, key_id, read_logout_token
from hypothesis import given
from hypothesis import strategies as st
from jwcrypto.jwk import JWK

from tests.support.authz import ISSUER
from tests.support.logout import EVENT, key_set, logout_claims, logout_token, signing_key

KEY = signing_key()
KEYS = key_set(KEY)

pytestmark = pytest.mark.covers("O18")


def fault(token: str) -> str:
    with pytest.raises(LogoutTokenRefused) as caught:
        read_logout_token(token, KEYS, ISSUER, time.time())
    return caught.value.fault


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_of_the_realm_names_the_session_that_ended() -> None:
    claims = logout_claims()
    logout = read_logout_token(logout_token(KEY, claims), KEYS, ISSUER, time.time())
    assert (logout.session, logout.subject, logout.at) == ("session-1", "user-1", claims["iat"])


def test_a_token_without_a_session_names_the_user() -> None:
    logout = read_logout_token(logout_token(KEY, logout_claims(sid=...)), KEYS, ISSUER, time.time())
    assert (logout.session, logout.subject) == (None, "user-1")


@pytest.mark.covers("F19")
@pytest.mark.parametrize("minutes", [-9, -5, 5, 9])
def test_a_logout_counts_though_keycloak_s_clock_is_minutes_apart(minutes: int) -> None:
    now = int(time.time())
    at = now + 60 * minutes
    logout = read_logout_token(logout_token(KEY, logout_claims(iat=at, exp=at + 120)), KEYS, ISSUER, now)
    assert (logout.session, logout.at) == ("session-1", at)


@pytest.mark.covers("F19")
@pytest.mark.parametrize("minutes", [-11, 11])
def test_a_logout_of_another_quarter_of_an_hour_ends_nothing(minutes: int) -> None:
    at = int(time.time()) + 60 * minutes
    assert "not issued just now" in fault(logout_token(KEY, logout_claims(iat=at, exp=at + 120)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"iss": "https://elsewhere.example/realms/mcp-gateway"}, "another issuer"),
        ({"iss": ...}, "another issuer"),
        ({"nonce": "n"}, "nonce"),
        ({"events": ...}, "no back-channel logout"),
        ({"events": {}}, "no back-channel logout"),
        ({"events": [EVENT]}, "no back-channel logout"),
        ({"events": {EVENT: True}}, "no back-channel logout"),
        ({"iat": ...}, "not issued just now"),
        ({"iat": 1}, "not issued just now"),
        ({"iat": 4_000_000_000}, "not issued just now"),
        ({"iat": "now"}, "iat is not a number"),
        ({"iat": True}, "iat is not a number"),
        ({"iat": 10**400}, "iat is no time"),
        ({"exp": 10**400}, "exp is no time"),
        ({"exp": 1}, "expired"),
        ({"sid": ..., "sub": ...}, "neither a session nor a subject"),
        ({"sid": 7}, "sid is not a text"),
        ({"sid": ""}, "sid is not a text"),
        ({"sub": ["user-1"]}, "sub is not a text"),
    ],
)
def test_a_signed_token_with_a_wrong_claim_ends_nothing(changes: dict[str, Any], said: str) -> None:
    assert said in fault(logout_token(KEY, logout_claims(**changes)))


@pytest.mark.parametrize("kind", [..., "JWT", "at+jwt", "ID"])
def test_a_signed_token_of_another_type_ends_nothing(kind: Any) -> None:
    assert "type" in fault(logout_token(KEY, typ=kind))


@pytest.mark.parametrize(
    "token",
    [
        logout_token(signing_key()),
        logout_token(signing_key("key-2")),
        logout_token(JWK(kty="oct", k=KEY.export_public(as_dict=True)["x"], kid="key-1"), alg="HS256"),
        f"{part({'alg': 'none', 'typ': 'logout+jwt', 'kid': 'key-1'})}.{part(logout_claims())}.",
        f"{part({'alg': 'ES256', 'typ': 'logout+jwt', 'kid': 'key-1'})}.{part(logout_claims())}.c2ln",
        logout_token(KEY, [1, 2]),
        logout_token(KEY) + "x",
        "a.b.c",
        "a.b",
        "",
        "{}",
    ],
    ids=["same kid", "other kid", "symmetric", "none", "forged", "no object", "longer", "abc", "two", "empty", "json"],
)
def test_what_the_realm_did_not_sign_ends_nothing(token: str) -> None:
    assert fault(token) in ("it is not a JWT that this realm signed", "its claims are not a JSON object")


@given(st.text(max_size=200))
def test_any_text_is_refused_without_another_exception(text: str) -> None:
    for read in (key_id, fault):
        try:
            read(text)
        except LogoutTokenRefused as refused:
            assert refused.fault == "it is not a JWT"


def test_the_key_that_a_token_names_is_known_before_it_is_verified() -> None:
    assert key_id(logout_token(KEY)) == "key-1"
    assert key_id(logout_token(KEY, kid=...)) is None
    assert key_id(f"{part({'kid': 7})}.e30.") is None
    deep = base64.urlsafe_b64encode(b"[" * 9000).decode()
    for text in ("%%%.e30.", f"{part([])}.e30.", "é.e30.", f"{deep}.e30."):
        with pytest.raises(LogoutTokenRefused):
            key_id(text)
