"""The WWW-Authenticate header: how a client learns where to get a token and with which scopes.

RFC 6750 §3, with ``resource_metadata`` of RFC 9728 §5.1.
"""

from functools import lru_cache

from ext_authz.policy import Resource
from ext_authz.verdict import OAuthError

METADATA_PREFIX = "/.well-known/oauth-protected-resource"


def metadata_url(resource: Resource) -> str:
    """Where the resource's metadata stands: the well-known part goes between host and path (RFC 9728 §3.1)."""
    return resource.url.removesuffix(resource.path) + METADATA_PREFIX + resource.path


def challenge(resource: Resource, scopes: frozenset[str], error: OAuthError | None) -> str:
    """A Bearer challenge. ``error`` is given only where a token was presented (RFC 6750 §3.1)."""
    return _challenge(metadata_url(resource), scopes or resource.scopes, error)


@lru_cache(maxsize=4096)  # one per resource, tool and error: all come from the policy, none from a request
def _challenge(metadata: str, scopes: frozenset[str], error: OAuthError | None) -> str:
    parameters = {"resource_metadata": metadata, "scope": " ".join(sorted(scopes))}
    if error is not None:
        parameters["error"] = error.value
    return "Bearer " + ", ".join(f"{name}={quoted(value)}" for name, value in parameters.items() if value)


def quoted(value: str) -> str:
    """A quoted-string (RFC 9110 §5.6.4).

    Raises:
        ValueError: the value has a character that no header may carry.
    """
    if not value.isascii() or not value.isprintable():
        raise ValueError(f"{value!r} cannot stand in a header")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
