"""The official TypeScript SDKs know a URL and a CA; the gateway leads a program of either to the tool's result."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.clients.servers import SERVERS, Server
from tests.support.mcp import CALCULATOR, WEATHER
from tests.support.node import Desk, printed

REALM = "/realms/mcp-gateway"
REGISTRATION = f"{REALM}/clients-registrations/openid-connect"
TOKEN = f"{REALM}/protocol/openid-connect/token"
MODERN = "2026-07-28"
LEGACY = "2025-11-25"

CLIENTS = [
    pytest.param("sdk", "legacy", LEGACY, id="sdk-1"),
    pytest.param("client", "legacy", LEGACY, id="client-2-legacy"),
    pytest.param("client", "auto", MODERN, id="client-2-auto"),
    pytest.param("client", {"pin": MODERN}, MODERN, id="client-2-pinned"),
]


def run(desk: Desk, package: str, path: str, **asked: Any) -> dict[str, Any]:
    """What tests/clients/js/program.mjs learned."""
    learned: dict[str, Any] = printed(desk.run("program.mjs", package, desk.stack.url + path, json.dumps(asked)))
    return learned


def scopes_asked(learned: dict[str, Any]) -> list[set[str]]:
    """The scopes of each authorization URL, in turn."""
    return [set(parse_qs(urlsplit(url).query)["scope"][0].split()) for url in learned["asked"]]


def answered(learned: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(one["method"], one["path"], one["status"]) for one in learned["requests"]]


@pytest.mark.covers("R1", "R2", "R3", "R9", "O11", "O13", "M1", "M2", "M7", "M8")
@pytest.mark.parametrize(("package", "mode", "version"), CLIENTS)
@pytest.mark.parametrize("server", SERVERS)
def test_from_the_url_alone_to_a_result_a_tool_error_and_a_step_up(
    desk: Desk, server: Server, package: str, mode: Any, version: str
) -> None:
    learned = run(desk, package, server.path, mode=mode, calls=[server.good, server.bad, server.beyond])
    good, bad, beyond = learned["results"]
    assert learned["version"] == version
    assert {server.good[0], server.beyond[0]} <= set(learned["tools"])
    assert not good.get("isError")
    assert server.result in json.dumps(good["structuredContent"], ensure_ascii=False)
    assert bad["isError"]
    assert not beyond.get("isError")
    assert beyond["structuredContent"]
    first, second = scopes_asked(learned)
    assert first == {server.scope}
    assert second - {"email"} == {server.scope, server.further}
    assert ("POST", server.path, 403) in answered(learned)


@pytest.mark.covers("M3", "M4")
@pytest.mark.parametrize("mode", ["auto", {"pin": MODERN}])
def test_a_client_of_the_new_era_never_falls_back_and_says_in_headers_what_its_body_says(desk: Desk, mode: Any) -> None:
    learned = run(desk, "client", CALCULATOR, mode=mode, calls=[("add", {"a": 1, "b": 2})])
    asked = [one for one in learned["requests"] if one["path"] == CALCULATOR]
    assert [one["headers"]["mcp-method"] for one in asked] == [
        "server/discover",
        "server/discover",
        "tools/list",
        "tools/call",
    ]
    assert [one["status"] for one in asked] == [401, 200, 200, 200]
    assert {one["headers"]["mcp-protocol-version"] for one in asked} == {MODERN}
    assert asked[-1]["headers"]["mcp-name"] == "add"


@pytest.mark.covers("R1", "R2", "R9", "O12", "O13")
@pytest.mark.parametrize("package", ["sdk", "client"])
def test_the_sdk_needs_no_request_but_those_of_the_specification(desk: Desk, package: str) -> None:
    assert answered(run(desk, package, WEATHER)) == [
        ("POST", WEATHER, 401),
        ("GET", f"/.well-known/oauth-protected-resource{WEATHER}", 200),
        ("GET", f"/.well-known/oauth-authorization-server{REALM}", 200),
        ("POST", REGISTRATION, 201),
        ("POST", TOKEN, 200),
        ("POST", WEATHER, 200),  # initialize
        ("POST", WEATHER, 202),  # notifications/initialized
        ("GET", WEATHER, 405),  # our servers have no stream of their own (M6)
        ("POST", WEATHER, 200),  # tools/list
    ]


@pytest.mark.covers("O13")
@pytest.mark.parametrize("method", ["none", "client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize("package", ["sdk", "client"])
def test_whatever_proof_a_client_offers_it_is_registered_without_a_secret_and_gets_its_token(
    desk: Desk, package: str, method: str
) -> None:
    learned = run(
        desk, package, CALCULATOR, metadata={"token_endpoint_auth_method": method}, calls=[("add", {"a": 1, "b": 2})]
    )
    assert learned["client"]["token_endpoint_auth_method"] == "none"
    assert learned["results"][0]["structuredContent"]["result"] == 3


@pytest.mark.covers("R3")
@pytest.mark.parametrize("package", ["sdk", "client"])
def test_a_tool_that_the_policy_does_not_list_is_refused_without_a_new_sign_in(desk: Desk, package: str) -> None:
    learned = run(desk, package, WEATHER, calls=[("no_such_tool", {})])
    assert "The gateway's policy lists no tool of this name" in learned["results"][0]["refused"]["message"]
    assert len(learned["asked"]) == 1


WITH_REFRESH = {"grant_types": ["authorization_code", "refresh_token"]}


@pytest.mark.covers("R3", "R9")
def test_the_old_sdk_refreshes_where_it_should_step_up_and_says_403(desk: Desk) -> None:
    """The SDK's own fault (its issue 2255): a refreshed token has the scopes of the one before (RFC 6749 §6).

    The package of 2026 asks anew, as the first test shows. The way out is in the next.
    """
    learned = run(desk, "sdk", CALCULATOR, metadata=WITH_REFRESH, calls=[("sqrt", {"number": 16})])
    assert learned["results"][0]["refused"]["message"].endswith("Server returned 403 after trying upscoping")
    assert answered(learned)[-3:] == [("POST", CALCULATOR, 403), ("POST", TOKEN, 200), ("POST", CALCULATOR, 403)]


@pytest.mark.covers("O11", "R9")
def test_the_old_sdk_with_a_refresh_token_uses_every_tool_where_it_asks_for_the_scopes_first(desk: Desk) -> None:
    both = "mcp:calculator mcp:calculator:scientific"
    learned = run(desk, "sdk", CALCULATOR, metadata=WITH_REFRESH, scope=both, calls=[("sqrt", {"number": 16})])
    assert learned["results"][0]["structuredContent"]["result"] == 4
    assert scopes_asked(learned) == [set(both.split())]
