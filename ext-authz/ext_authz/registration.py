"""What a stranger may say about the client that they register (RFC 7591): a list of what passes, and nothing else.

Keycloak acts on what it stores. It fetches ``jwks_uri``, ``sector_identifier_uri`` and ``request_uris``, posts to
``backchannel_logout_uri``, redirects browsers to ``redirect_uris`` and ``post_logout_redirect_uris``, and shows
``logo_uri`` and its kin on pages of this origin; ``scope`` would bind the client to those scopes for good. So a body of
our own is built from the few members that a client of this gateway needs (RFC 7591 §2: a server may ignore the rest).
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from mcp_wire.strict_json import read_json

KNOWN_CALLBACKS = frozenset(
    {
        "https://vscode.dev/redirect",
        "https://insiders.vscode.dev/redirect",
        "https://claude.ai/api/mcp/auth_callback",
        "cursor://anysphere.cursor-mcp/oauth/callback",
    }
)
"""Callbacks of clients that do not listen on loopback, whole. The realm's policy "Trusted Hosts" knows their hosts."""

MAX_REDIRECT_URIS = 10
MAX_REDIRECT_URI_LENGTH = 255
"""Characters. Keycloak's database takes no more, and answers 500 to what is longer."""
MAX_CLIENT_NAME_LENGTH = 100
"""Characters: it must fit on the consent page."""

_GRANT_TYPES = ("authorization_code", "refresh_token")
_AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post")

# RFC 8252 §7.3: the loopback interface, any port. The path has no percent-encoding, no "*" (Keycloak's wildcard) and no
# dot segments, so that whoever compares it later reads what was read here; query, fragment and userinfo cannot occur.
_LOOPBACK = re.compile(
    r"http://(?:localhost|127\.0\.0\.1|\[::1\])"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?:/(?!\.\.?(?:/|\Z))[A-Za-z0-9._~!$&'()+,;=:@-]*)*"
)
_MAX_PORT = 65535

# Keycloak looks "${…}" in a name up among its messages; and nothing that could be markup belongs on a consent page.
_NOT_IN_A_NAME = re.compile(r"[<>{}]")


class RegistrationError(StrEnum):
    """The two codes of RFC 7591 §3.2.2 that are used here."""

    INVALID_REDIRECT_URI = "invalid_redirect_uri"
    INVALID_CLIENT_METADATA = "invalid_client_metadata"


class RegistrationRefused(Exception):
    """``description`` says which member is wrong and what it must be, and repeats nothing that the client sent."""

    def __init__(self, error: RegistrationError, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


def client_metadata(body: bytes) -> dict[str, Any]:
    """The registration to pass on for the client's own, ``body``.

    Raises:
        RegistrationRefused: it is not a JSON object, or a member that is needed cannot be accepted.
    """
    asked = _read(body)
    accepted: dict[str, Any] = {
        "redirect_uris": _redirect_uris(asked.get("redirect_uris")),
        "grant_types": _grant_types(asked.get("grant_types")),
        "response_types": _response_types(asked.get("response_types")),
        "token_endpoint_auth_method": _none(asked.get("token_endpoint_auth_method")),
    }
    if (name := asked.get("client_name")) is not None:
        accepted["client_name"] = _client_name(name)
    return accepted


def for_any_port(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """``metadata`` with each loopback redirect URI without its port as well.

    RFC 8252 §7.3: a native client gets its port from the system when it signs in, often another than when it
    registered. Keycloak takes any port for a loopback URI without one, and only the very port for one that names it.
    """
    uris = metadata["redirect_uris"]
    return {**metadata, "redirect_uris": list(dict.fromkeys([*uris, *map(_without_port, uris)]))}


def _read(body: bytes) -> dict[str, Any]:
    try:
        asked = read_json(body)
    except ValueError:
        raise _bad_metadata("the body is not JSON in UTF-8, or names a member twice") from None
    if not isinstance(asked, dict):
        raise _bad_metadata("the body must be a JSON object")
    return asked


def _redirect_uris(value: Any) -> list[str]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_REDIRECT_URIS:
        raise _bad_redirect(f"redirect_uris must be a list of 1 to {MAX_REDIRECT_URIS}")
    return [_redirect_uri(index, uri) for index, uri in enumerate(value)]


def _redirect_uri(index: int, uri: Any) -> str:
    where = f"redirect_uris[{index}]"
    if not isinstance(uri, str) or len(uri) > MAX_REDIRECT_URI_LENGTH:
        raise _bad_redirect(f"{where} must be a string of at most {MAX_REDIRECT_URI_LENGTH} characters")
    if uri not in KNOWN_CALLBACKS and not _is_loopback(uri):
        raise _bad_redirect(
            f"{where} must be http on localhost, 127.0.0.1 or [::1], in lower case, with any port and a plain path "
            "(no wildcard, query, fragment, user or percent-encoding), or the callback of a client known here"
        )
    return uri


def _is_loopback(uri: str) -> bool:
    match = _LOOPBACK.fullmatch(uri)
    return match is not None and int(match["port"] or 80) <= _MAX_PORT


def _without_port(uri: str) -> str:
    match = _LOOPBACK.fullmatch(uri)
    if match is None or match["port"] is None:
        return uri
    return uri[: match.start("port") - 1] + uri[match.end("port") :]


def _grant_types(value: Any) -> list[str]:
    asked = _strings("grant_types", value, default="authorization_code")
    if "authorization_code" not in asked:
        raise _bad_metadata("grant_types must contain authorization_code; refresh_token is the only other one")
    return [grant for grant in _GRANT_TYPES if grant in asked]


def _response_types(value: Any) -> list[str]:
    if "code" not in _strings("response_types", value, default="code"):
        raise _bad_metadata("response_types must contain code")
    return ["code"]


def _strings(member: str, value: Any, *, default: str) -> list[str]:
    if value is None:
        return [default]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _bad_metadata(f"{member} must be a list of strings")
    return value


def _none(value: Any) -> str:
    """Whatever is asked for: a secret that anybody can have proves nothing, and with one a client might ask for tokens
    of its own (client_credentials). The answer says so, and clients go by it (RFC 7591 §3.2.1). PKCE protects the code.
    """
    # Compared one by one: a list or an object from the client cannot be looked up in a set.
    if value is not None and value not in _AUTH_METHODS:
        raise _bad_metadata(f"token_endpoint_auth_method must be one of {', '.join(_AUTH_METHODS)}")
    return "none"


def _client_name(value: Any) -> str:
    # isprintable refuses control characters, line breaks, and what reverses the direction of text on the page.
    if not isinstance(value, str) or not value.isprintable() or not value.strip():
        raise _bad_metadata("client_name must be printable characters")
    if len(value) > MAX_CLIENT_NAME_LENGTH or _NOT_IN_A_NAME.search(value):
        raise _bad_metadata(f"client_name must have at most {MAX_CLIENT_NAME_LENGTH} characters, and no < > {{ }}")
    return value


def _bad_redirect(description: str) -> RegistrationRefused:
    return RegistrationRefused(RegistrationError.INVALID_REDIRECT_URI, description)


def _bad_metadata(description: str) -> RegistrationRefused:
    return RegistrationRefused(RegistrationError.INVALID_CLIENT_METADATA, description)
