"""Finds the token in an Authorization header: RFC 6750 §2.1 (the only way it is accepted) and RFC 9110 §11.4."""

import re
import string

from ext_authz.verdict import Reason

MAX_CREDENTIALS_BYTES = 8 * 1024
"""Longest Authorization value that is looked at. Keycloak's tokens are 1 to 3 KiB."""

_USUAL = "Bearer "
_TOKEN_CHARACTERS = (string.ascii_letters + string.digits + "-._~+/").encode()
_CREDENTIALS = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9\-._~+/]+=*)")
_SCHEME = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr](?: +|\Z)")
_CONTROL_OR_COMMA = re.compile(r"[\x00-\x1f\x7f,]")


def usual_token(authorization: str | None) -> str | None:
    """What follows "Bearer ", unread: of use only to look up whether ``read_bearer`` has found it to be a token."""
    if authorization is None or len(authorization) > MAX_CREDENTIALS_BYTES or not authorization.startswith(_USUAL):
        return None
    return authorization[len(_USUAL) :]


def read_bearer(authorization: str | None) -> str | Reason:
    """The token, or the reason why there is none. What cannot be a token is never sent to the authorization server."""
    if not authorization:
        return Reason.TOKEN_ABSENT
    # Bounded by characters first: encoding a value of a megabyte only to measure it would be work for nothing.
    if (
        len(authorization) > MAX_CREDENTIALS_BYTES
        or len(encoded := authorization.encode(errors="replace")) > MAX_CREDENTIALS_BYTES
    ):
        return Reason.CREDENTIALS_TOO_LONG
    if token := _token(authorization, encoded):
        return token
    # Envoy joins two headers into "Bearer a,Bearer b" (RFC 9110 §5.3). No b64token has a comma, so choosing one of the
    # two would only serve whoever wants two readers to choose differently.
    if _CONTROL_OR_COMMA.search(authorization):
        return Reason.CREDENTIALS_AMBIGUOUS
    scheme = _SCHEME.match(authorization)
    if scheme is None:
        return Reason.TOKEN_ABSENT  # another scheme: as if no token had been presented (RFC 6750 §3)
    return Reason.TOKEN_MALFORMED  # not a b64token, or _CREDENTIALS would have taken it


def _token(authorization: str, encoded: bytes) -> str | None:
    # As nearly all write it, nothing is left once a b64token's characters are taken out, and its "=" at the end: the
    # pattern below in a third of its time.
    if authorization.startswith(_USUAL):
        characters = encoded[len(_USUAL) :].rstrip(b"=")
        if characters and not characters.translate(None, _TOKEN_CHARACTERS):
            return authorization[len(_USUAL) :]
    credentials = _CREDENTIALS.fullmatch(authorization)
    return credentials[1] if credentials else None
