"""What a user says about a server of theirs, checked before anything is made of it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from gateway.resources.errors import BadArgument
from gateway.settings import DEFAULT_PORTS

NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
PATH = re.compile(r"/(?:[A-Za-z0-9._~-]+/?)*")
HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[1-9][0-9]{0,4})?")
# Narrower than a scope-token (RFC 6749 section 3.3): what can be written in YAML, JSON and a shell without quotes
SCOPE = re.compile(r"[A-Za-z][A-Za-z0-9._/-]*(?::[A-Za-z0-9._/-]+)*")
TOOL = re.compile(r"[A-Za-z0-9_.-]{1,128}")  # MCP 2025-11-25, Tools: names of 1 to 128 of these characters
DEFAULT_PATH = "/mcp"  # where the SDKs and fastmcp serve
# OpenID Connect's and Keycloak's own: a token has them for other reasons
TAKEN_SCOPES = frozenset(
    {"openid", "profile", "email", "address", "phone", "offline_access", "basic", "acr", "roles", "web-origins"}
)


Tools = Mapping[str, tuple[str, ...]]
"""Tool → the scopes that it needs beyond the resource's own."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a server is, and how Envoy speaks to it.

    `authority` is the Host header that it accepts. `mtls`: Envoy shows its client certificate. `our_ca`: the server's
    certificate comes from this gateway's CA and not from a public one.
    """

    tls: bool
    host: str
    port: int
    path: str
    authority: str
    mtls: bool = False
    our_ca: bool = False

    @property
    def url(self) -> str:
        """The same as a client would type it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{self.path}"


@dataclass(frozen=True, slots=True)
class Server:
    """One server to put behind the gateway, at `/mcp/<name>`."""

    name: str
    upstream: Upstream
    scope: str
    tools: Tools

    @property
    def path(self) -> str:
        """Its path at the gateway."""
        return f"/mcp/{self.name}"

    @property
    def scopes(self) -> dict[str, tuple[str, ...]]:
        """Every scope that opens it, each with the tools that need it; none for the one that all need."""
        found: dict[str, tuple[str, ...]] = {self.scope: ()}
        for tool, further in self.tools.items():
            for scope in further:
                if scope != self.scope:
                    found[scope] = (*found.get(scope, ()), tool)
        return found


def read_name(name: str) -> str:
    """Raises BadArgument where `name` cannot be a resource's."""
    if not NAME.fullmatch(name):
        raise BadArgument(f"{name!r} cannot be a name: 1 to 63 lower-case letters, digits and hyphens, a letter first")
    return name


def read_upstream(
    url: str, *, path: str | None = None, host: str | None = None, mtls: bool = False, our_ca: bool = False
) -> Upstream:
    """The server at `url`. Its path and Host header are the URL's unless they are given.

    Raises:
        BadArgument: which of them cannot be used, and why.
    """
    parts = _split(url)
    tls = parts.scheme == "https"
    if (mtls or our_ca) and not tls:
        raise BadArgument(f"{'--mtls' if mtls else '--our-ca'} needs a URL that begins with https://, not {url!r}")
    authority = host or parts.netloc.lower()
    if not HOST.fullmatch(authority):
        raise BadArgument(f"--host {authority!r} is not a host such as 127.0.0.1:9000 or mcp.example.org")
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    return Upstream(tls, str(parts.hostname), port, _path(parts.path, path), authority, mtls, our_ca or mtls)


def read_scope(scope: str) -> str:
    """Raises BadArgument where `scope` cannot be one that opens a server."""
    if not SCOPE.fullmatch(scope):
        raise BadArgument(f"{scope!r} cannot be a scope: letters, digits, '.', '_', '-', '/' and ':', as in mcp:notes")
    if scope in TAKEN_SCOPES:
        raise BadArgument(f"{scope!r} cannot open a server: tokens have it for other reasons; take one like mcp:notes")
    return scope


def read_tools(given: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Tools from `NAME` (no further scope) and `NAME=SCOPE` (repeated for more).

    Raises:
        BadArgument: a tool's name or a scope cannot be used.
    """
    tools: dict[str, tuple[str, ...]] = {}
    for one in given:
        name, _, scope = one.partition("=")
        if not TOOL.fullmatch(name):
            raise BadArgument(f"--tool {one!r}: a tool's name is 1 to 128 letters, digits, '_', '.' and '-'")
        further = (read_scope(scope),) if scope else ()
        tools[name] = tuple(dict.fromkeys((*tools.get(name, ()), *further)))
    return tools


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadArgument(f"{url!r} is not a URL: {error}") from error
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or port == 0:
        raise BadArgument(f"{url!r} is not the URL of a server, such as http://127.0.0.1:9000/mcp")
    if parts.username is not None or parts.query or parts.fragment:
        raise BadArgument(f"{url!r} has a user, a query or a fragment, which Envoy would not send: leave it out")
    return parts


def _path(of_url: str, given: str | None) -> str:
    if given and of_url and given != of_url:
        raise BadArgument(f"the URL says {of_url!r} and --path says {given!r}: give one of the two")
    path = given or of_url or DEFAULT_PATH
    if not PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        raise BadArgument(f"{path!r} is not a path such as /mcp: no encoding, no '.' or '..', no query")
    return path
