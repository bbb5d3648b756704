"""What can be wrong once inside, and in what every answer shows."""

from dataclasses import replace
from email.utils import formatdate
from time import time

from tests.integration.doctor.spoiling import (
    FAILURE,
    TWO,
    WARNING,
    Broken,
    at,
    becomes,
    on_method,
    on_origin,
    on_result,
    tools,
)
from tests.support.fake_mcp_server import MCP

BROKEN = {
    "no modern era": Broken(
        "protocol", WARNING, on_result("supportedVersions", becomes(404)), "2026-07-28 is not spoken", "update"
    ),
    "no legacy era": Broken(
        "protocol", WARNING, on_result("serverInfo", becomes(404)), "initialize is answered 404", "2025-11-25"
    ),
    "no tools": Broken("tools", WARNING, on_result("tools", tools()), "empty", "scopes"),
    "a tool without a name": Broken("tools", FAILURE, on_result("tools", tools({})), "no name", "name every tool"),
    "a tool without a schema": Broken(
        "tools", FAILURE, on_result("tools", tools({"name": "x"})), "no inputSchema", "type"
    ),
    "a tool twice": Broken(
        "tools", FAILURE, on_result("tools", tools(TWO, TWO)), "add is listed twice", "a name of its own"
    ),
    "tools that fail": Broken("tools", FAILURE, on_result("tools", becomes(500)), "500 without a list", "log"),
    "a list without end": Broken(
        "tools",
        FAILURE,
        on_result("tools", lambda r: replace(r, body=r.body | {"result": {"tools": [], "nextCursor": "x"}})),
        "does not end",
        "nextCursor",
    ),
    "GET breaks": Broken("methods", FAILURE, on_method("GET", becomes(500)), "GET is answered 500", "answer 405"),
    "GET without Allow": Broken(
        "methods", WARNING, on_method("GET", becomes(405)), "405 without Allow", "name the methods"
    ),
    "DELETE is odd": Broken(
        "methods", WARNING, on_method("DELETE", becomes(302)), "DELETE is answered 302", "answer 405"
    ),
    "a preflight with a token": Broken(
        "preflight", WARNING, on_method("OPTIONS", becomes(401)), "preflight is answered 401", "before asking"
    ),
    "a preflight without headers": Broken(
        "preflight",
        WARNING,
        on_method("OPTIONS", lambda r: r.having(access_control_allow_headers="*")),
        "authorization",
        "add them",
    ),
    "a preflight without methods": Broken(
        "preflight",
        WARNING,
        on_method("OPTIONS", lambda r: r.having(access_control_allow_methods="GET")),
        "POST, DELETE",
        "add them",
    ),
    "a foreign page is served": Broken(
        "foreign-origin", FAILURE, on_origin(becomes(200)), "https://doctor.invalid is served", "answer 403"
    ),
    "no HSTS": Broken(
        "security-headers",
        WARNING,
        at(MCP, lambda r: r.without("strict-transport-security")),
        "no strict-transport-security",
        "max-age=",
    ),
    "no nosniff": Broken(
        "security-headers",
        WARNING,
        at(MCP, lambda r: r.without("x-content-type-options")),
        "no x-content-type-options",
        "nosniff",
    ),
    "a banner": Broken(
        "banner", WARNING, at(MCP, lambda r: r.having(Server="fake/1.2.3")), "server: fake/1.2.3", "remove the server"
    ),
    "a clock that is behind": Broken(
        "clock", FAILURE, at(MCP, lambda r: r.having(Date=formatdate(time() - 3600))), "behind this machine's", "NTP"
    ),
    "a clock that is ahead": Broken(
        "clock", WARNING, at(MCP, lambda r: r.having(Date=formatdate(time() + 120))), "ahead of this machine's", "NTP"
    ),
}
