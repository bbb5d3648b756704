"""Logout tokens as Keycloak posts them (OpenID Connect Back-Channel Logout 1.0 §2.4), signed with a test's own keys."""

import json
import time
import uuid
from typing import Any

from jwcrypto.jwk import JWK, JWKSet
from jwcrypto.jws import JWS

from tests.support.authz import ISSUER

EVENT = "http://schemas.openid.net/event/backchannel-logout"


def signing_key(kid: str = "key-1") -> JWK:
    return JWK.generate(kty="EC", crv="P-256", kid=kid, use="sig")


def key_set(*keys: JWK) -> JWKSet:
    """The public halves, as the realm publishes them."""
    published = JWKSet()
    for key in keys:
        published.add(JWK.from_json(key.export_public()))
    return published


def logout_claims(**changes: Any) -> dict[str, Any]:
    """What Keycloak 26.7.3 puts into it; a change to ``...`` removes a member."""
    now = int(time.time())
    members: dict[str, Any] = {
        "iss": ISSUER,
        "aud": "mcp-client",
        "iat": now,
        "exp": now + 120,
        "jti": str(uuid.uuid4()),
        "sub": "user-1",
        "sid": "session-1",
        "events": {EVENT: {}},
    } | changes
    return {name: value for name, value in members.items() if value is not ...}


def logout_token(key: JWK, claims: Any = None, **header: Any) -> str:
    """Signed by ``key``; header members can be changed, and removed with ``...``."""
    members = {"alg": "ES256", "typ": "logout+jwt", "kid": key.get("kid")} | header
    payload = json.dumps(logout_claims() if claims is None else claims)
    signed = JWS(payload.encode())
    protected = json.dumps({name: value for name, value in members.items() if value is not ...})
    signed.allowed_algs = ["ES256", "HS256", "RS256"]
    signed.add_signature(key, None, protected, None)
    return str(signed.serialize(compact=True))
