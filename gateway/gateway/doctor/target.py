"""The URL that the user typed, taken apart; it is kept as typed, for clients compare it character by character."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from gateway.settings import DEFAULT_PORTS, LOOPBACK_NAMES

WELL_KNOWN = "/.well-known/"
EXAMPLE = "https://gateway.example/mcp/weather"


class BadUrl(ValueError):
    """What was typed is no URL of an MCP server; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """An MCP server's address. `host` has no brackets; `path` is "" where the URL ends with the host."""

    url: str
    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        """Scheme, host and port; without a port where it is the scheme's own."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{shown}" + ("" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}")

    @property
    def is_tls(self) -> bool:
        """Whether the address promises TLS."""
        return self.scheme == "https"

    @property
    def is_local(self) -> bool:
        """Whether it never leaves this machine."""
        return self.host in LOOPBACK_NAMES

    def well_known(self, name: str) -> str:
        """The well-known address of this resource: inserted between host and path (RFC 9728 §3.1)."""
        return f"{self.origin}{WELL_KNOWN}{name}{self.path.rstrip('/')}"


def parse_target(typed: str) -> Target:
    """Take `typed` apart. Raises BadUrl."""
    if not typed.isprintable() or " " in typed:
        raise BadUrl("the URL has a space or a control character, which no URL has")
    bare = typed.partition("?")[0].partition("#")[0]
    if "://" not in bare:
        # Shown without what may be a secret
        address = bare.rpartition("@")[2].lstrip("/")
        meant = f": did you mean https://{address}?" if address else f": type it like {EXAMPLE}"
        raise BadUrl(f"the URL has no scheme{meant}")
    try:
        parts = urlsplit(typed)
        port = parts.port
        httpx.URL(typed)
    except (ValueError, httpx.InvalidURL) as error:
        raise BadUrl(f"{typed!r} is no URL ({error})") from error
    if parts.scheme not in DEFAULT_PORTS:
        raise BadUrl(f"{parts.scheme}:// is not how MCP is served: type it like {EXAMPLE}")
    if parts.username is not None or parts.query or parts.fragment:
        # Not shown: what stands there may be a secret.
        raise BadUrl(
            "the URL has a user, a query or a fragment: give the server's address alone, and a token by --token"
        )
    if not parts.hostname:
        raise BadUrl(f"{typed!r} names no host: type it like {EXAMPLE}")
    return Target(typed, parts.scheme, parts.hostname, port or DEFAULT_PORTS[parts.scheme], parts.path)


def is_safe(url: str) -> bool:
    """Whether nobody on the way can read what is sent there: https, or http that stays on this machine."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and (
            parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK_NAMES)
        )
    except ValueError:
        return False
