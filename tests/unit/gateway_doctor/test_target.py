"""The typed URL is kept as typed, and what is no server's address is refused before anything is sent."""

import pytest
from gateway.doctor.target import BadUrl, is_safe, parse_target


@pytest.mark.parametrize(
    ("typed", "origin", "port", "metadata"),
    [
        ("https://gw.example/mcp", "https://gw.example", 443, "https://gw.example/.well-known/x/mcp"),
        ("https://gw.example:8443/mcp/", "https://gw.example:8443", 8443, "https://gw.example:8443/.well-known/x/mcp"),
        ("https://gw.example", "https://gw.example", 443, "https://gw.example/.well-known/x"),
        ("http://[::1]:9100/mcp", "http://[::1]:9100", 9100, "http://[::1]:9100/.well-known/x/mcp"),
    ],
)
def test_a_url_is_taken_apart_and_kept_as_typed(typed: str, origin: str, port: int, metadata: str) -> None:
    target = parse_target(typed)
    assert (target.url, target.origin, target.port, target.well_known("x")) == (typed, origin, port, metadata)


@pytest.mark.parametrize(
    "typed", ["", "gw.example/mcp", "ftp://gw.example", "https://", "https://a:b", "https://a b/", "https://a/\x1b[2J"]
)
def test_what_is_no_address_of_a_server_is_refused(typed: str) -> None:
    with pytest.raises(BadUrl):
        parse_target(typed)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("foo", "the URL has no scheme: did you mean https://foo?"),
        ("localhost:8443/mcp", "the URL has no scheme: did you mean https://localhost:8443/mcp?"),
        ("", "the URL has no scheme: type it like https://gateway.example/mcp/weather"),
        ("ftp://x/y", "ftp:// is not how MCP is served: type it like https://gateway.example/mcp/weather"),
        ("https:///mcp", "'https:///mcp' names no host: type it like https://gateway.example/mcp/weather"),
        ("https://local host/mcp", "the URL has a space or a control character, which no URL has"),
    ],
)
def test_each_mistake_has_a_sentence_of_its_own(typed: str, told: str) -> None:
    with pytest.raises(BadUrl) as refused:
        parse_target(typed)
    assert str(refused.value) == told


@pytest.mark.parametrize(
    "typed",
    [
        "me:hunter2@a/mcp",
        "a/mcp?key=hunter2",
        "a/mcp?next=https://hunter2",
        "https:///mcp?key=hunter2",
        "https://me:hunter2@a b/",
    ],
)
def test_what_may_be_a_secret_in_it_is_not_shown(typed: str) -> None:
    with pytest.raises(BadUrl) as refused:
        parse_target(typed)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("typed", ["https://me:hunter2@a/", "https://a/?key=hunter2", "https://a/#hunter2"])
def test_a_url_that_may_hold_a_secret_is_refused_without_showing_it(typed: str) -> None:
    with pytest.raises(BadUrl) as refused:
        parse_target(typed)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.example/x", True),
        ("http://localhost:8080/x", True),
        ("http://[::1]/x", True),
        ("http://a.example/x", False),
        ("http://localhost.evil.example/x", False),
        ("javascript:alert(1)", False),
        ("https://", False),
        ("https://[", False),
    ],
)
def test_only_https_and_this_machine_are_safe(url: str, safe: bool) -> None:
    assert is_safe(url) is safe
