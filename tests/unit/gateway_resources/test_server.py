"""What a user may say about a server, and what is refused in a sentence that names the mend."""

import pytest
from gateway.resources.errors import BadArgument
from gateway.resources.server import Server, read_name, read_scope, read_tools, read_upstream


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:9000/mcp", (False, "127.0.0.1", 9000, "/mcp", "127.0.0.1:9000")),
        ("http://127.0.0.1:9000", (False, "127.0.0.1", 9000, "/mcp", "127.0.0.1:9000")),
        ("http://127.0.0.1:9000/", (False, "127.0.0.1", 9000, "/", "127.0.0.1:9000")),
        ("https://MCP.example.org/api/mcp/", (True, "mcp.example.org", 443, "/api/mcp/", "mcp.example.org")),
        ("http://[::1]:9000/mcp", (False, "::1", 9000, "/mcp", "[::1]:9000")),
    ],
)
@pytest.mark.covers("M6")
def test_path_port_and_host_header_are_the_urls_own(url: str, expected: tuple[object, ...]) -> None:
    upstream = read_upstream(url)
    assert (upstream.tls, upstream.host, upstream.port, upstream.path, upstream.authority) == expected


@pytest.mark.covers("M6")
def test_path_and_host_header_may_be_others() -> None:
    upstream = read_upstream("http://notes:9000", path="/api", host="localhost:9000")
    assert (upstream.path, upstream.authority, upstream.url) == ("/api", "localhost:9000", "http://notes:9000/api")


@pytest.mark.covers("T4")
def test_mutual_tls_takes_certificates_of_our_ca_only() -> None:
    assert read_upstream("https://notes:9000", mtls=True).our_ca
    assert not read_upstream("https://notes:9000").our_ca


@pytest.mark.parametrize(
    ("url", "options", "says"),
    [
        ("notes:9000", {}, "is not the URL of a server"),
        ("ftp://notes", {}, "is not the URL of a server"),
        ("http://", {}, "is not the URL of a server"),
        ("http://notes:99999", {}, "is not a URL"),
        ("http://notes:0", {}, "is not the URL of a server"),
        ("http://user:word@notes", {}, "has a user"),
        ("http://notes/mcp?key=1", {}, "query"),
        ("http://notes/mcp#x", {}, "fragment"),
        ("http://notes/a", {"path": "/b"}, "give one of the two"),
        ("http://notes/a/../b", {}, "is not a path"),
        ("http://notes/%2e", {}, "is not a path"),
        ("http://notes", {"path": 'mcp", evil: "'}, "is not a path"),
        ("http://notes", {"host": "a b"}, "--host"),
        ("http://notes", {"host": 'x"'}, "--host"),
        ("http://notes", {"mtls": True}, "--mtls needs"),
        ("http://notes", {"our_ca": True}, "--our-ca needs"),
    ],
    ids=str,
)
def test_a_url_that_cannot_be_used_is_refused_with_the_reason(url: str, options: dict[str, str], says: str) -> None:
    with pytest.raises(BadArgument, match=says):
        read_upstream(url, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", "Notes", "9notes", "no tes", "notes/x", "a" * 64, "../x", "no:tes"])
def test_a_name_that_cannot_stand_in_a_path_is_refused(name: str) -> None:
    with pytest.raises(BadArgument, match="cannot be a name"):
        read_name(name)


@pytest.mark.covers("S14")
@pytest.mark.parametrize("scope", ["", "a b", 'a"', "ä", "1", "-a", "openid", "email", "offline_access", "a:", "]"])
def test_a_scope_that_means_something_else_or_nothing_is_refused(scope: str) -> None:
    with pytest.raises(BadArgument):
        read_scope(scope)


def test_tools_are_given_with_the_scopes_that_they_need_further() -> None:
    tools = read_tools(["read", "write=mcp:notes:write", "write=mcp:notes:all", "read"])
    assert tools == {"read": (), "write": ("mcp:notes:write", "mcp:notes:all")}
    server = Server("notes", read_upstream("http://notes"), "mcp:notes", tools)
    assert server.scopes == {"mcp:notes": (), "mcp:notes:write": ("write",), "mcp:notes:all": ("write",)}


@pytest.mark.parametrize("given", ["", "=mcp:x", "a b", "a=openid", "a=b c", "x" * 129])
def test_a_tool_that_no_rule_could_name_is_refused(given: str) -> None:
    with pytest.raises(BadArgument):
        read_tools([given])
