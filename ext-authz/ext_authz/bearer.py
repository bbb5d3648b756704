"""Finds the token in an Authorization header: RFC 6750 §2.1 (the only way it is accepted) and RFC 9110 §11.4."""

import re

from ext_authz.verdict import Reason

MAX_CREDENTIALS_BYTES = 8 * 1024
"""Longest Authorization value that is looked at. Keycloak's tokens are 1 to 3 KiB."""

_CREDENTIALS = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9\-._~+/]+=*)")
_SCHEME = re.compile(r"[Bb][Ee][Aa][Rr][Ee][Rr](?: +|\Z)")
_CONTROL_OR_COMMA = re.compile(r"[\x00-\x1f\x7f,]")


def read_bearer(authorization: str | None) -> str | Reason:
    """The token, or the reason why there is none. What cannot be a token is never sent to the authorization server."""
    if not authorization:
        return Reason.TOKEN_ABSENT
    # Bounded by characters first: encoding a value of a megabyte only to measure it would be work for nothing.
    if len(authorization) > MAX_CREDENTIALS_BYTES or len(authorization.encode()) > MAX_CREDENTIALS_BYTES:
        return Reason.CREDENTIALS_TOO_LONG
    # What is as it should be is seen in one pass (a third of the time of all that follows, which finds out why not).
    if credentials := _CREDENTIALS.fullmatch(authorization):
        return credentials[1]
    # Envoy joins two headers into "Bearer a,Bearer b" (RFC 9110 §5.3). No b64token has a comma, so choosing one of the
    # two would only serve whoever wants two readers to choose differently.
    if _CONTROL_OR_COMMA.search(authorization):
        return Reason.CREDENTIALS_AMBIGUOUS
    scheme = _SCHEME.match(authorization)
    if scheme is None:
        return Reason.TOKEN_ABSENT  # another scheme: as if no token had been presented (RFC 6750 §3)
    return Reason.TOKEN_MALFORMED  # not a b64token, or _CREDENTIALS would have taken it
