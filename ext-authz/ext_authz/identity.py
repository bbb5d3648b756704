"""Who the caller is, and the headers that tell an MCP server so."""

from dataclasses import dataclass
from urllib.parse import quote

SUBJECT_HEADER = "x-user-sub"
EMAIL_HEADER = "x-user-email"
SCOPES_HEADER = "x-user-scopes"

_KEPT = "@+:/!$'()*"
"""Beside RFC 3986's unreserved characters: common in names and e-mail addresses, and harmless in a header value."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The user behind a token, as the authorization server vouches for it."""

    subject: str
    email: str | None
    scopes: frozenset[str]

    def headers(self) -> dict[str, str | None]:
        """Header name → value; None where the identity has nothing to say and the header must be absent."""
        return {
            SUBJECT_HEADER: encode_claim(self.subject),
            EMAIL_HEADER: encode_claim(self.email) if self.email else None,
            SCOPES_HEADER: " ".join(sorted(self.scopes)) or None,  # scope-tokens need no encoding (RFC 6749 §3.3)
        }


def encode_claim(text: str) -> str:
    """Percent-encode (RFC 3986 §2.1, UTF-8), so that no claim can carry a comma, a control character or non-ASCII.

    A user may choose their own e-mail address or name. Unencoded, ``a\\r\\nx-user-scopes: …`` or ``a,b`` could become a
    second header or a second value at a server.
    """
    return quote(text, safe=_KEPT)
