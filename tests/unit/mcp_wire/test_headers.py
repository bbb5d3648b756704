"""Content-Type and scope lists are read exactly (S12, S14)."""

import pytest
from mcp_wire import is_json_media_type, parse_scopes


@pytest.mark.parametrize(
    "value",
    ["application/json", "Application/JSON", "application/json;charset=utf-8", 'application/json; charset="UTF-8"'],
)
def test_json_in_utf8_is_accepted(value: str) -> None:
    assert is_json_media_type(value)


@pytest.mark.covers("R4", "S12")
@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "text/plain",
        "application/jsonp",
        "application/json-rpc",
        "application/json; charset=utf-16",
        "application/json; charset=utf-8; charset=utf-16",
        "application/json, text/plain",
        'application/json; charset="utf-8',
        "multipart/form-data",
    ],
)
def test_any_other_media_type_is_refused(value: str | None) -> None:
    assert not is_json_media_type(value)


@pytest.mark.covers("S14")
@pytest.mark.parametrize(
    ("value", "scopes"),
    [
        ("", set()),
        ("mcp:weather", {"mcp:weather"}),
        ("a  b", {"a", "b"}),
        ("mcp:weather:alerts MCP:WEATHER", {"mcp:weather:alerts", "MCP:WEATHER"}),
        ("a,b", {"a,b"}),
    ],
)
def test_scopes_are_separated_by_spaces_and_compared_whole(value: str, scopes: set[str]) -> None:
    assert parse_scopes(value) == scopes


@pytest.mark.covers("S14", "S15")
@pytest.mark.parametrize("value", ["a\tb", "a\nb", 'a"b', "a\\b", "mcp:w\u00e9ather", "a\u00a0b", "\x00"])
def test_what_is_no_scope_token_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="scope-token"):
        parse_scopes(value)
