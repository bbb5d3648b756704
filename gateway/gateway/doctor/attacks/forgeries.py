"""S4: tokens that nobody issued, and the user's own with something changed."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Any

from gateway.doctor.attacks.attack import ATTACKER, Attack, Known
from gateway.doctor.attacks.expecting import REFUSED

_VERIFY = "verify every token with its issuer: introspection, or the signature by the issuer's own keys (RFC 8725 §3)"
_ALGORITHM = "accept the issuer's algorithm alone, never what the token says of itself (RFC 8725 §3.1)"
_KEY = "take keys from the issuer's JWKS alone, never from the token (RFC 8725 §3.10)"
_OPAQUE = "your token is no JWT"


def attacks(known: Known) -> list[Attack]:
    """Of the user's token only the target learns, also when it is changed."""
    made = [_attack(known, title, token, fix) for title, (token, fix) in forged(known).items()]
    without = None if known.token else "there is no token"
    changed = tampered(known.token or "")
    return [
        *(a.unless(known.shut) for a in made),
        *(
            _attack(known, title, token or "", _VERIFY).unless(known.shut or without or (None if token else _OPAQUE))
            for title, token in changed.items()
        ),
    ]


def forged(known: Known) -> dict[str, tuple[str, str]]:
    """Tokens with claims as good as they can be known from outside, and what is wrong where one is taken."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": known.issuer or known.target.origin,
        "aud": known.target.url,
        "sub": ATTACKER,
        "typ": "Bearer",
    }
    claims |= {"iat": now, "exp": now + 300, "scope": " ".join(known.scopes), "azp": ATTACKER}
    noise = secrets.token_bytes(256)
    return {
        "a made-up token": (secrets.token_urlsafe(24), _VERIFY),
        "alg none": (_jwt({"alg": "none"}, claims), _ALGORITHM),
        "alg nOnE": (_jwt({"alg": "nOnE"}, claims), _ALGORITHM),
        "no alg": (_jwt({}, claims, noise), _ALGORITHM),  # some issuers fail over it, and a gateway with them
        "a JWT with a made-up signature": (_jwt({"alg": "RS256"}, claims, noise), _VERIFY),
        "HS256 with an empty key": (_hs256({"alg": "HS256"}, claims, b"\x00"), _ALGORITHM),
        "a kid that is a file": (_hs256({"alg": "HS256", "kid": "../../../../dev/null"}, claims, b"\x00"), _KEY),
        "a key in the token": (
            _jwt({"alg": "RS256", "jwk": {"kty": "RSA", "n": _part(noise), "e": "AQAB"}}, claims, noise),
            _KEY,
        ),
        "a key at the attacker's": (_jwt({"alg": "RS256", "jku": f"https://{ATTACKER}/jwks"}, claims, noise), _KEY),
    }


def tampered(token: str) -> dict[str, str | None]:
    """The token with one thing changed; None where it has no such part."""
    parts = token.split(".")
    is_jwt = len(parts) == 3  # noqa: PLR2004 - header, payload, signature (RFC 7515 §3.1)
    header, payload, signature = parts if is_jwt else ("", "", "")
    claims = json_part(payload)
    unsigned = _part(b'{"alg":"none"}')
    better = _part(json.dumps(claims | {"exp": 2**33, "sub": ATTACKER}).encode())
    return {
        "yours in another case": token.swapcase(),
        "yours cut short": token[: len(token) * 3 // 4],
        "yours with another signature": f"{header}.{payload}.{_changed(signature)}" if signature else None,
        "yours with other claims": f"{header}.{better}.{signature}" if claims else None,
        "yours with alg none": f"{unsigned}.{payload}." if claims else None,
    }


def _attack(known: Known, title: str, token: str, fix: str) -> Attack:
    return Attack("S4", title, known.post(("Authorization", f"Bearer {token}")), REFUSED, fix)


def _changed(signature: str) -> str:
    """Another in the middle: the last character may hold bits that nobody reads (RFC 4648 §3.5)."""
    middle = len(signature) // 2
    return signature[:middle] + ("A" if signature[middle] != "A" else "B") + signature[middle + 1 :]


def json_part(part: str) -> dict[str, Any]:
    """The object in one part of a JWT, {} where there is none."""
    try:
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _jwt(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    return ".".join((*_signed(header, claims), _part(signature)))


def _hs256(header: dict[str, Any], claims: dict[str, Any], key: bytes) -> str:
    signed = ".".join(_signed(header, claims))
    return f"{signed}.{_part(hmac.digest(key, signed.encode(), hashlib.sha256))}"


def _signed(header: dict[str, Any], claims: dict[str, Any]) -> tuple[str, str]:
    return _part(json.dumps({"typ": "JWT"} | header).encode()), _part(json.dumps(claims).encode())


def _part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
