"""Tells a JWT whose header names no algorithm (RFC 7515 §4.1.1: it must). No signature is looked at here.

Keycloak 26.7.3 trips over such a token and answers the question about it with 400 instead of "not active", so it is not
asked: what is wrong is the token, and whoever brings it is told so.
"""

import base64
import json


def names_no_algorithm(token: str) -> bool:
    """False as well for what is no JWT at all: the authorization server may have tokens of another form."""
    encoded, dot, _ = token.partition(".")
    if not dot:
        return False
    try:
        header = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (ValueError, RecursionError):
        return False
    return not (isinstance(header, dict) and isinstance(header.get("alg"), str))
