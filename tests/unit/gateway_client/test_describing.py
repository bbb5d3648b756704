"""What `mcp-gateway call` shows of servers and tools, and who signs in where nobody is named."""

import json
from pathlib import Path
from typing import Any

import pytest
from gateway.client.describing import describe_resources, describe_tools
from gateway.client.errors import ClientError, SignInFailed
from gateway.client.resources import all_scopes, read_resources
from gateway.client.sign_in import Person, who_signs_in
from gateway.client.tools import Tool

POLICY = """
resources:
  weather:
    path: /mcp/weather
    title: Weather
    scopes: [mcp:weather]
    tools: {get_uv_index: [], get_weather_alerts: [mcp:weather:alerts, mcp:weather]}
  bare: {path: /mcp/bare}
"""


def test_resources_are_read_with_every_scope_once(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(POLICY)
    resources = read_resources(tmp_path / "policy.yaml")
    assert resources["weather"].scopes == ("mcp:weather", "mcp:weather:alerts")
    assert all_scopes(resources) == ["mcp:weather", "mcp:weather:alerts"]
    assert describe_resources(resources.values(), "https://g", as_json=False).splitlines() == [
        "weather  https://g/mcp/weather  (mcp:weather, mcp:weather:alerts)",
        "bare  https://g/mcp/bare  ()",
    ]


@pytest.mark.parametrize("text", ["", "resources: 1", "resources: {a: {}}", "a: [", "resources: {a: x}"])
def test_policy_that_cannot_be_read_is_told_by_its_setting(tmp_path: Path, text: str) -> None:
    (tmp_path / "policy.yaml").write_text(text)
    with pytest.raises(ClientError, match="POLICY_FILE"):
        read_resources(tmp_path / "policy.yaml")


def test_tools_are_shown_with_each_arguments_type_need_and_description() -> None:
    properties = {
        "city": {"type": "string", "description": "A city"},
        "days": {"type": "integer", "default": 3},
        "unit": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    }
    tool = Tool("forecast", "Tells the weather", {"properties": properties, "required": ["city"]})
    assert describe_tools([tool], as_json=False).splitlines() == [
        "forecast: Tells the weather",
        "    city  string, required  A city",
        "    days  integer, default 3",
        "    unit  string or null, optional",
    ]
    assert json.loads(describe_tools([tool], as_json=True))[0]["inputSchema"]["properties"] == properties


@pytest.mark.covers("S19")
def test_escape_sequences_in_what_a_server_says_do_not_reach_the_terminal() -> None:
    properties = {"a\x1b[2J": {"type": "string", "description": "one\ttwo\n\x9b31mred\u202e"}}
    tool = Tool("t\x07", "Adds\x1b]0;title\x07", {"properties": properties})
    shown = describe_tools([tool], as_json=False)
    assert {c for c in shown if not c.isprintable()} == {"\n", "\t"}
    as_json = describe_tools([tool], as_json=True)
    assert {c for c in as_json if not c.isprintable()} == {"\n"}
    assert json.loads(as_json)[0]["inputSchema"]["properties"] == properties, "a program reads the same value still"


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": []},
        {"properties": {"a": None}, "required": 1},
        {"properties": {"a": {"type": {}}}},
        {"properties": {"a": {"type": ["string", 1], "anyOf": 3}}, "required": [{}]},
        {"properties": {"a": {"anyOf": [None, {"oneOf": "x"}]}}},
    ],
    ids=str,
)
def test_a_schema_that_makes_no_sense_is_shown_as_far_as_it_does(schema: dict[str, Any]) -> None:
    assert describe_tools([Tool("t", "Adds", schema)], as_json=False).startswith("t: Adds")


@pytest.mark.parametrize(
    ("given", "public_url", "expected"),
    [
        ((None, None), "https://localhost:8443", Person("testuser", "testpassword123")),
        (("testuser", None), "https://127.0.0.1", Person("testuser", "testpassword123")),
        ((None, None), "https://gateway.example", Person(None, None)),
        (("ada", "pw"), "https://gateway.example", Person("ada", "pw")),
    ],
)
def test_test_user_signs_in_on_the_local_gateway_only(
    monkeypatch: pytest.MonkeyPatch, given: tuple[str | None, str | None], public_url: str, expected: Person
) -> None:
    monkeypatch.delenv("ENVIRONMENT", raising=False)
    assert who_signs_in(*given, public_url, browser=False) == expected


def test_test_user_is_not_tried_in_production_nor_when_the_browser_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert who_signs_in("ada", "pw", "https://localhost", browser=True) == Person(None, None)
    monkeypatch.setenv("ENVIRONMENT", "production")
    assert who_signs_in(None, None, "https://localhost", browser=False) == Person(None, None)


def test_user_without_a_password_is_told_how_to_give_one() -> None:
    with pytest.raises(SignInFailed, match="MCP_PASSWORD"):
        who_signs_in("ada", None, "https://localhost", browser=False)
