"""Habits of clients: what they accept, how they send, and what they make of a refusal (R9)."""

import json
import re
import socket
from typing import Any

import httpx
import pytest
from gateway.policy import Resource

from tests.support.discovery import RESOURCES
from tests.support.mcp import CALCULATOR, WEATHER, bearer, method_call, tool_call
from tests.support.stack import Stack

SERVERS = pytest.mark.parametrize("path", [WEATHER, CALCULATOR])
HTTP_VERSIONS = pytest.mark.parametrize("http2", [False, True], ids=["HTTP/1.1", "HTTP/2"])
TOOLS = [(resource, tool, scopes) for resource in RESOURCES.values() for tool, scopes in resource.tools.items()]
TOOLS_LIST = method_call("tools/list")


@pytest.fixture(scope="module")
def tokens(stack: Stack) -> dict[str, str]:
    """By path, a token with the scopes that every request needs and no more."""
    return {resource.path: stack.token(*resource.needs) for resource in RESOURCES.values()}


def scope_of(answer: httpx.Response) -> set[str]:
    """The scopes in the challenge; a client asks for these, and for nothing if there are none."""
    found = re.search(r'scope="([^"]*)"', answer.headers.get("www-authenticate", ""))
    return set(found[1].split()) if found else set()


@SERVERS
@HTTP_VERSIONS
@pytest.mark.covers("M6", "R9")
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_what_our_servers_do_not_offer_is_405_with_allow_and_401_without_a_token(
    stack: Stack, tokens: dict[str, str], path: str, http2: bool, method: str
) -> None:
    """405 tells a client that there is no stream to open and no session to end, and it goes on without."""
    with stack.client(http2=http2, headers={"Accept": "text/event-stream"}) as client:
        refused = client.request(method, path, headers=bearer(tokens[path]))
        unknown = client.request(method, path)
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert (unknown.status_code, scope_of(unknown)) == (401, {*RESOURCES[path.removeprefix("/mcp/")].needs})


@SERVERS
@HTTP_VERSIONS
@pytest.mark.covers("R9")
@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "application/json"),
        ("application/json, text/event-stream", "application/json"),
        ("text/event-stream", "text/event-stream"),
        ("*/*", "application/json"),
        (None, "application/json"),
    ],
)
def test_each_way_to_accept_an_answer_gets_one(
    stack: Stack, tokens: dict[str, str], path: str, http2: bool, accept: str | None, kind: str
) -> None:
    with stack.client(http2=http2) as client:
        client.headers.pop("accept")
        answer = client.post(
            path, json=TOOLS_LIST, headers=bearer(tokens[path]) | ({"Accept": accept} if accept else {})
        )
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)
    assert json.loads(answer.text.rsplit("data: ", maxsplit=1)[-1])["result"]["tools"]


@SERVERS
@pytest.mark.covers("R1", "R9", "G7")
@pytest.mark.parametrize("typed", ["", "/", "?from=client", "/?from=client"])
def test_the_url_may_be_typed_with_a_slash_or_a_query(
    stack: Stack, tokens: dict[str, str], path: str, typed: str
) -> None:
    with stack.client() as client:
        assert client.post(path + typed, json=TOOLS_LIST, headers=bearer(tokens[path])).status_code == 200


@pytest.mark.covers("R2", "R3", "R9")
@pytest.mark.parametrize(("resource", "tool", "beyond"), TOOLS, ids=[tool for _, tool, _ in TOOLS])
def test_every_challenge_names_the_scopes_to_ask_for(
    stack: Stack, tokens: dict[str, str], resource: Resource, tool: str, beyond: tuple[str, ...]
) -> None:
    """A client that is told of no scope asks for none, signs in, and is refused again: for ever."""
    call, needs = tool_call(tool), {*resource.needs}
    with stack.client() as client:
        without = client.post(resource.path, json=call)
        invalid = client.post(resource.path, json=call, headers=bearer("made-up"))
        base = client.post(resource.path, json=call, headers=bearer(tokens[resource.path]))
    assert (without.status_code, scope_of(without)) == (401, needs)
    assert (invalid.status_code, scope_of(invalid)) == (401, needs)
    assert (base.status_code, scope_of(base)) == ((403, needs | {*beyond}) if beyond else (200, set()))


@pytest.mark.covers("R3")
def test_a_token_with_a_tools_own_scope_alone_is_told_of_both(stack: Stack) -> None:
    with stack.client() as client:
        call = tool_call("get_weather_alerts", location="Berlin")
        answer = client.post(WEATHER, json=call, headers=bearer(stack.token("mcp:weather:alerts")))
    assert (answer.status_code, scope_of(answer)) == (403, {"mcp:weather", "mcp:weather:alerts"})


@pytest.mark.covers("R9")
def test_a_403_that_no_scope_would_mend_carries_no_challenge_and_stays_when_it_is_sent_again(
    stack: Stack, tokens: dict[str, str]
) -> None:
    """SDK clients send once more on a 403, and sign in anew where there is a challenge: here that would never end."""
    with stack.client() as client:
        call, foreign = tool_call("drop_all_tables"), {"Origin": "https://evil.example"}
        unlisted = [client.post(WEATHER, json=call, headers=bearer(tokens[WEATHER])) for _ in range(2)]
        page = client.post(WEATHER, json=TOOLS_LIST, headers=bearer(tokens[WEATHER]) | foreign)
    assert [answer.status_code for answer in (*unlisted, page)] == [403] * 3
    assert not any("www-authenticate" in answer.headers for answer in (*unlisted, page))


@pytest.mark.covers("R8", "R9")
def test_a_client_that_follows_redirects_comes_to_the_door_with_its_method_and_body(stack: Stack) -> None:
    """It drops its token on the way, as it should, and is told where to get one."""
    with stack.client(follow_redirects=True) as client:
        answer = client.post(f"http://localhost:{stack.settings.http_port}{WEATHER}", json=TOOLS_LIST)
    assert [step.status_code for step in answer.history] == [308]
    assert (answer.status_code, answer.request.method, scope_of(answer)) == (401, "POST", {"mcp:weather"})
    assert json.loads(answer.request.read()) == TOOLS_LIST


@pytest.mark.covers("R7", "R9")
@pytest.mark.parametrize("origin", ["http://localhost:6274", "the gateway's own"])
def test_pages_that_may_call_are_answered_and_told_so(stack: Stack, tokens: dict[str, str], origin: str) -> None:
    sent = stack.url if origin == "the gateway's own" else origin
    with stack.client() as client:
        answer = client.post(WEATHER, json=TOOLS_LIST, headers=bearer(tokens[WEATHER]) | {"Origin": sent})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, sent)


@pytest.mark.covers("R9")
def test_a_client_that_waits_for_100_continue_before_it_sends_the_body_is_told_to_go_on(
    stack: Stack, tokens: dict[str, str]
) -> None:
    body = json.dumps(TOOLS_LIST).encode()
    head = (
        f"POST {WEATHER} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {tokens[WEATHER]}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        "Expect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    with tls_to(stack, "127.0.0.1") as connection:
        answer = connection.makefile("rb")
        connection.sendall(head.encode())
        assert answer.readline().split()[1] == b"100"
        assert answer.readline() == b"\r\n"
        connection.sendall(body)
        assert answer.readline().split()[1] == b"200"


@pytest.mark.native("Docker gives containers IPv6 only where it is asked to (GATEWAY_IPV6)")
@pytest.mark.covers("G2", "R9")
def test_localhost_is_answered_by_ipv6_as_well(stack: Stack, tokens: dict[str, str]) -> None:
    """Many machines resolve localhost to ::1 first, and not every client tries the next address."""
    with tls_to(stack, "::1") as connection:  # the certificate names localhost
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert connection.makefile("rb").readline().split()[1] == b"200"
    with stack.client(base_url=f"https://[::1]:{stack.settings.https_port}") as client:
        assert client.post(WEATHER, json=TOOLS_LIST, headers=bearer(tokens[WEATHER])).status_code == 200
    redirect = httpx.get(f"http://[::1]:{stack.settings.http_port}{WEATHER}")
    assert (redirect.status_code, redirect.headers["location"]) == (308, f"{stack.url}{WEATHER}")


def tls_to(stack: Stack, address: str) -> Any:
    plain = socket.create_connection((address, stack.settings.https_port), timeout=10)
    return stack.ca.wrap_socket(plain, server_hostname="localhost")
