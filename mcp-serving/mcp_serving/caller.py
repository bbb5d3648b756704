"""Who calls, as the gateway says: the ``X-User-*`` headers that it sets after it has checked the token."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol
from urllib.parse import unquote

from mcp_wire import parse_scopes

NO_SCOPES: frozenset[str] = frozenset()


class Headers(Protocol):
    """What is needed of a multidict: the values of one header, by a name whose case does not matter."""

    def getall(self, name: str, default: list[str], /) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Caller:
    """``sub`` and ``email`` are None where the gateway sent none; ``scopes`` are the token's."""

    sub: str | None
    email: str | None
    scopes: frozenset[str]


def read_caller(headers: Headers) -> Caller:
    """Read the caller. Headers that are missing or unclear give a caller without scopes, who may call nothing."""
    return Caller(
        sub=read_subject(headers),
        email=_decoded(_only(headers, "X-User-Email")),
        scopes=_scopes(_only(headers, "X-User-Scopes")),
    )


def read_subject(headers: Headers) -> str | None:
    """The caller's ``sub`` alone."""
    return _decoded(_only(headers, "X-User-Sub"))


def _only(headers: Headers, name: str) -> str | None:
    # The gateway sets each header once. Two of them mean that someone else set one, so neither counts.
    values = headers.getall(name, [])
    return values[0] if len(values) == 1 else None


def _decoded(value: str | None) -> str | None:
    # The gateway percent-encodes claims (RFC 3986), so that no claim can carry a comma or a control character.
    return unquote(value, errors="replace") if value and value.isascii() else None


@lru_cache(maxsize=128)  # most callers have the scopes of many others
def _scopes(value: str | None) -> frozenset[str]:
    try:
        return parse_scopes(value or "")
    except ValueError:
        return NO_SCOPES
