"""Reads a logout token: what Keycloak signs and posts when a session ends (OpenID Connect Back-Channel Logout 1.0).

Whoever can make one can sign users out, so everything of §2.6 is checked, but for the audience: it names the client
that the session belonged to, and clients register themselves. A signature of this realm's keys over a token of this
type says enough, for the gateway ends sessions only at its own door.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jwcrypto.common import JWException
from jwcrypto.jwk import JWKSet
from jwcrypto.jws import JWS

from ext_authz.jose_header import unverified_header

MAX_LENGTH = 16 * 1024
MAX_SKEW_SECONDS = 600.0
"""By how much Keycloak's clock may be ahead of this machine's, or behind, and a logout still count.

Wide, because to refuse is the dangerous side: Keycloak posts a logout once, and a refused one lets the session in until
the TTL. The signature is the proof, and to replay a token only says again what it said: the later end of a session
counts, and tokens issued after it pass (ended_sessions.py).
"""

_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_TYPE = "logout+jwt"
# Asymmetric signatures only: with a symmetric one, whoever knows a client's secret could sign (RFC 8725 §3.1).
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


class LogoutTokenRefused(Exception):
    """``fault`` is a few words for the sender and the log, and holds nothing of the token."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Logout:
    """One of ``session`` (sid) and ``subject`` (sub) is there; ``at`` is in seconds since 1970, by Keycloak's clock."""

    session: str | None
    subject: str | None
    at: float


def key_id(token: str) -> str | None:
    """The ``kid`` that the token says it was signed with; nothing is verified yet.

    Raises:
        LogoutTokenRefused: it is no signed JWT at all.
    """
    try:
        kid = unverified_header(token).get("kid")
    except (ValueError, AttributeError) as error:
        raise LogoutTokenRefused("it is not a JWT") from error
    return kid if isinstance(kid, str) else None


def read_logout_token(token: str, keys: JWKSet, issuer: str, now: float) -> Logout:
    """The logout that ``token`` tells of.

    Raises:
        LogoutTokenRefused: a check of Back-Channel Logout 1.0 §2.6 fails.
    """
    header, claims = _verified(token, keys)
    _require(str(header.get("typ", "")).lower() == _TYPE, f"its type is not {_TYPE}")
    _require(claims.get("iss") == issuer, "it is of another issuer")
    _require("nonce" not in claims, "it has a nonce, as an ID token has")
    events = claims.get("events")
    _require(isinstance(events, dict) and isinstance(events.get(_EVENT), dict), "it tells of no back-channel logout")
    at, ends = _time(claims, "iat"), _time(claims, "exp")
    _require(at is not None and abs(now - at) <= MAX_SKEW_SECONDS, "it was not issued just now")
    _require(ends is None or now < ends + MAX_SKEW_SECONDS, "it is expired")
    session, subject = _text(claims, "sid"), _text(claims, "sub")
    _require(bool(session or subject), "it names neither a session nor a subject")
    return Logout(session, subject, at or 0.0)


def _verified(token: str, keys: JWKSet) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    signed = JWS()
    signed.allowed_algs = _ALGORITHMS
    try:
        signed.deserialize(token, keys)
        header, claims = signed.jose_header, json.loads(signed.payload)
    except (JWException, ValueError, TypeError, RecursionError) as error:
        raise LogoutTokenRefused("it is not a JWT that this realm signed") from error
    _require(isinstance(header, dict) and isinstance(claims, dict), "its claims are not a JSON object")
    return header, claims


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    _require(isinstance(value, int | float) and not isinstance(value, bool), f"its {name} is not a number")
    try:
        return float(value)
    except OverflowError:  # an integer beyond any float
        raise LogoutTokenRefused(f"its {name} is no time") from None


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    _require(value is None or (isinstance(value, str) and value != ""), f"its {name} is not a text")
    return value


def _require(condition: bool, fault: str) -> None:
    if not condition:
        raise LogoutTokenRefused(fault)
