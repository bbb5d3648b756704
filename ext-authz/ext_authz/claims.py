"""Reads an introspection answer strictly (RFC 7662 §2.2, and RFC 9068 §2.2 for what an access token must name).

Two kinds of "no" are kept apart. A token that is not good is a ``Reason`` and becomes a 401. An answer that is not what
the RFC says is ``UnreadableAnswer`` and becomes a 503: it says nothing about the token, only about who answered.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mcp_wire import parse_scopes

from ext_authz.identity import Identity
from ext_authz.verdict import Reason


@dataclass(frozen=True, slots=True)
class Claims:
    """An active token's claims. Times are in seconds since 1970 (RFC 7519 §2, NumericDate)."""

    identity: Identity
    audience: frozenset[str]
    expires_at: float
    not_before: float | None
    session: str | None = None  # "sid", where the token was issued in one (OpenID Connect Back-Channel Logout 1.0)
    issued_at: float | None = None


class UnreadableAnswer(Exception):
    """The answer breaks RFC 7662. ``member`` names the part; the value is kept out, it may be a token."""

    def __init__(self, member: str) -> None:
        super().__init__(f"introspection answer: member {member!r} is not as RFC 7662 section 2.2 says")
        self.member = member


def read_claims(answer: Mapping[str, Any], issuer: str) -> Claims | Reason:
    """The claims of an active access token of ``issuer``, or why it is none.

    Raises:
        UnreadableAnswer: a member is absent that must be there, or is of another type than it must be.
    """
    if not _active(answer):
        return Reason.TOKEN_INACTIVE
    if _text(answer, "iss") != issuer:
        return Reason.TOKEN_OF_ANOTHER_ISSUER
    if not _is_bearer_access_token(answer):
        return Reason.TOKEN_OF_ANOTHER_TYPE
    subject, email, scopes = _text(answer, "sub"), _text(answer, "email"), _scopes(answer)
    expires_at, not_before = _time(answer, "exp"), _time(answer, "nbf")
    session, issued_at = _text(answer, "sid"), _time(answer, "iat")
    audience = _audience(answer)
    if not subject or expires_at is None:
        return Reason.TOKEN_INCOMPLETE
    return Claims(Identity(subject, email or None, scopes), audience, expires_at, not_before, session, issued_at)


def _active(answer: Mapping[str, Any]) -> bool:
    active = answer.get("active")
    if not isinstance(active, bool):  # "true", 1 and an absent member are not the boolean true
        raise UnreadableAnswer("active")
    return active


def _is_bearer_access_token(answer: Mapping[str, Any]) -> bool:
    # Keycloak says what a token is in "typ": ID tokens are "ID", refresh tokens "Refresh" or "Offline". "cnf" binds a
    # token to a key (RFC 9449 §6, RFC 8705 §3.1): presented as a mere bearer token it may be a stolen one.
    types = [kind for kind in (_text(answer, "typ"), _text(answer, "token_type")) if kind is not None]
    return bool(types) and all(kind.lower() == "bearer" for kind in types) and "cnf" not in answer


def _scopes(answer: Mapping[str, Any]) -> frozenset[str]:
    try:
        return _shared_scopes(_text(answer, "scope") or "")
    except ValueError as error:
        raise UnreadableAnswer("scope") from error


def _audience(answer: Mapping[str, Any]) -> frozenset[str]:
    audience = answer.get("aud", [])
    if isinstance(audience, str):
        return _shared_audience((audience,))
    if not isinstance(audience, list) or not all(isinstance(entry, str) for entry in audience):
        raise UnreadableAnswer("aud")
    return _shared_audience(tuple(audience))


# Most tokens have the scopes and the audience of many others. With sets of its own a cached token takes 3.5 KiB of
# memory, with shared ones 2.
_shared_scopes = lru_cache(maxsize=1024)(parse_scopes)
_shared_audience: Callable[[tuple[str, ...]], frozenset[str]] = lru_cache(maxsize=1024)(frozenset)


def _text(answer: Mapping[str, Any], member: str) -> str | None:
    value = answer.get(member)
    if value is not None and not (isinstance(value, str) and _is_unicode(value)):
        raise UnreadableAnswer(member)
    return value


def _is_unicode(text: str) -> bool:
    """Without lone surrogates, which JSON can name (RFC 8259 §8.2) and no header, hash or log can carry."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _time(answer: Mapping[str, Any], member: str) -> float | None:
    value = answer.get(member)
    if value is None:
        return None
    # bool is an int to Python, and its JSON reader takes NaN and numbers of any size.
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_moment(value):
        raise UnreadableAnswer(member)
    return value


def _is_moment(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond any float
        return False
