"""Gateways that let somebody in: by headers, credentials, tokens, paths or host names."""

import re
from collections.abc import Callable
from typing import Any

from gateway.doctor.attacks import credentials, forgeries, hosts, identity, paths

from tests.integration.doctor.falling import IN, Falling, fools, has_token, raw
from tests.support.fake_gateway import MCP, METADATA, TOKEN, TOOLS, Asked, Flaw, answer, result

JWT = re.compile(r"Bearer ([\w-]+)\.([\w-]*)\.([\w-]*)")


def by_identity(asked: Asked) -> bytes | None:
    """More tools for whoever says that they may."""
    if not has_token(asked) or "admin" not in asked["x-user-scopes"]:
        return None
    return result({"tools": [*TOOLS, {"name": "admin"}]})


def jwt(fooled: Callable[[dict[str, Any], str], object]) -> Flaw:
    """Looks at a JWT's own header and signature instead of verifying it."""

    def flaw(asked: Asked) -> bytes | None:
        match = JWT.fullmatch(asked["authorization"])
        if not match:
            return None
        header = forgeries.json_part(match[1])
        return IN if fooled(header, match[3]) else None

    return flaw


def challenge_by(header: str, name: str = "metadata") -> Flaw:
    """URLs in answers are built from a header of the request."""

    def flaw(asked: Asked) -> bytes | None:
        if asked.path not in (MCP, METADATA) or has_token(asked) or not (host := asked[header]) or asked["origin"]:
            return None
        if host.startswith("localhost"):
            return None
        if asked.path == METADATA:
            return answer(200, {"resource": f"https://{host}{MCP}"})
        return answer(401, WWW_Authenticate=f'Bearer resource_metadata="https://{host}/m", scope="mcp:fake"')

    return flaw


TRICKS = {
    "a segment and ..",
    "a segment and %2e%2e",
    "a segment and %252e%252e",
    "a segment and ..;",
    "dots in overlong UTF-8",
    "an encoded slash",
    "an encoded backslash",
    "a backslash",
    "an encoded letter",
    "a doubled slash",
    "a slash more or less",
    "another case",
    "a parameter",
    "a name that begins like it",
    "an encoded NUL",
    "a fragment",
    "out of the health check",
    "out of the metadata, encoded",
    "the absolute form",
}


def guards_one_spelling(asked: Asked) -> bytes | None:
    """Asks for a token at the path that its rule has, and hands everything else to a router that knows more."""
    target = asked.raw.partition(b" HTTP")[0].split(b" ")[-1]
    return IN if asked.raw.startswith(b"POST") and target.partition(b"?")[0] != MCP.encode() else None


FALLING = {
    "believes X-User-Sub": Falling(
        identity,
        raw(rb"\r\nX-User-Sub: attacker"),
        {"X-User-Sub and X-User-Scopes", "those named in Connection", "more scopes beside your token"},
        "",
    ),
    "reads underscores as hyphens": Falling(identity, raw(rb"\r\nx_user_sub:"), {"x_user_sub, with underscores"}),
    "believes another proxy": Falling(identity, raw(rb"\r\nRemote-User:"), {"other proxies' names"}),
    "believes a header on certificates": Falling(identity, raw(rb"Client-Verify"), {"a client certificate's"}),
    "believes X-User-Scopes": Falling(
        identity, by_identity, {"more scopes beside your token"}, "list of tools has changed"
    ),
    "asks nobody for a token": Falling(
        credentials, raw(rb"^(?!.*\r\nAuthorization)(?s:.)*X-Access-Token"), {"a token in other headers"}
    ),
    "lets an empty one in": Falling(credentials, raw(rb"Authorization: \r\n"), {"an empty Authorization"}),
    "lets another scheme in": Falling(credentials, raw(rb"Authorization: Basic"), {"the scheme Basic"}),
    "lets no scheme in": Falling(
        credentials, raw(rb"Authorization: (?!Bearer|Basic)[\w-]{20,}\r\n"), {"a token without a scheme"}
    ),
    "takes the first of two": Falling(
        credentials,
        raw(rb"Authorization: Bearer %s\r\n(?s:.)*Authorization:" % TOKEN.encode()),
        {"your token, then a made-up one"},
    ),
    "takes the last of two": Falling(
        credentials,
        raw(rb"Authorization: (?s:.)*Authorization: Bearer %s\r\n" % TOKEN.encode()),
        {"a made-up token, then yours"},
    ),
    "breaks on odd bytes": Falling(
        credentials,
        raw(rb"\x00|\xc3", answer(500)),
        {"a token with a NUL", "a token beyond ASCII"},
        "it breaks something",
    ),
    "reads the query": Falling(
        credentials,
        raw(rb"\?access_token", answer(401, WWW_Authenticate='Bearer error="invalid_token"')),
        {"a token in the query"},
        "the challenge has changed",
    ),
    "reads a form": Falling(credentials, raw(rb"\r\n\r\naccess_token="), {"a token in a form"}),
    "reads a cookie": Falling(credentials, raw(rb"Cookie: access_token="), {"a token in a cookie"}),
    "accepts alg none": Falling(
        forgeries,
        jwt(lambda header, _: str(header.get("alg", "")).lower() == "none"),
        {"alg none", "alg nOnE", "yours with alg none"},
    ),
    "verifies no signature": Falling(
        forgeries,
        jwt(lambda header, signature: header.get("alg") == "RS256" and signature),
        {
            "a JWT with a made-up signature",
            "yours cut short",
            "a key in the token",
            "a key at the attacker's",
            "yours with another signature",
            "yours with other claims",
        },
    ),
    "takes HS256": Falling(
        forgeries,
        jwt(lambda header, _: header.get("alg") == "HS256"),
        {"HS256 with an empty key", "a kid that is a file"},
    ),
    "compares without case": Falling(
        forgeries,
        fools(lambda a: a["authorization"].lower() == f"bearer {TOKEN}".lower() and not has_token(a)),
        {"yours in another case"},
    ),
    "compares beginnings": Falling(
        forgeries,
        fools(lambda a: a["authorization"] and f"Bearer {TOKEN}".startswith(a["authorization"]) and not has_token(a)),
        {"yours cut short"},
    ),
    "lets in what is long": Falling(forgeries, raw(rb"Bearer [\w-]{32}\r\n"), {"a made-up token"}),
    "guards one spelling of the path": Falling(paths, guards_one_spelling, TRICKS),
    "builds URLs from Host": Falling(
        hosts, challenge_by("host"), {"another Host", "metadata, another Host"}, "is the attacker's"
    ),
    "builds URLs from X-Forwarded-Host": Falling(
        hosts, challenge_by("x-forwarded-host"), {"X-Forwarded-Host", "metadata, X-Forwarded-Host"}, "is the attacker's"
    ),
    "builds URLs from X-Forwarded-Proto": Falling(
        hosts,
        raw(rb"X-Forwarded-Proto", answer(401, WWW_Authenticate='Bearer resource_metadata="http://localhost/m"')),
        {"X-Forwarded-Proto"},
        "the challenge has changed",
    ),
    "redirects to X-Forwarded-Prefix": Falling(
        hosts,
        raw(rb"X-Forwarded-Prefix", answer(307, Location="//attacker.invalid/mcp")),
        {"X-Forwarded-Prefix"},
        "is the attacker's",
    ),
    "routes by X-Original-URL": Falling(hosts, raw(rb"X-Original-URL"), {"X-Original-URL"}),
    "trusts loopback": Falling(hosts, raw(rb"X-Real-IP: 127"), {"from loopback, it says"}),
}
