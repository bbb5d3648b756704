"""Reads the header of a JWT whose signature nobody has looked at (RFC 7515 §4): good for asking, never for trusting."""

import base64
import json
from typing import Any


def unverified_header(token: str) -> Any:
    """What stands before the first dot; the header of a JWT is an object.

    Raises:
        ValueError: there is no dot, or no JSON in base64url before it.
    """
    encoded, dot, _ = token.partition(".")
    if not dot:
        raise ValueError("it is not a JWT")
    try:
        return json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except RecursionError as error:
        raise ValueError("its header is nested too deeply") from error


def names_no_algorithm(token: str) -> bool:
    """Whether it is a JWT whose header names no algorithm (RFC 7515 §4.1.1: it must).

    Keycloak 26.7.3 trips over such a token and answers the question about it with 400 instead of "not active", so it is
    not asked: what is wrong is the token. False as well for what is no JWT at all: the authorization server may have
    tokens of another form.
    """
    try:
        header = unverified_header(token)
    except ValueError:
        return False
    return not (isinstance(header, dict) and isinstance(header.get("alg"), str))
