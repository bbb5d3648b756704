"""The policy file: what is read from it, and how a mistake in it is told."""

from pathlib import Path

import pytest
from ext_authz.policy_file import PolicyError, load_policy, parse_policy

from tests.support.authz import POLICY_FILE, PUBLIC_URL

GOOD = """\
resources:
  notes:
    path: /mcp/notes
    title: Notes
    scopes: [notes]
    tools:
      read: []
      write: [notes:write]
"""


def test_a_tool_needs_its_resource_s_scopes_and_its_own() -> None:
    notes = parse_policy(GOOD, PUBLIC_URL, source="p.yaml").resources["notes"]
    assert notes.scopes == {"notes"}
    assert notes.tools == {"read": {"notes"}, "write": {"notes", "notes:write"}}


@pytest.mark.covers("R1", "R5")
def test_a_resource_is_identified_by_the_url_that_clients_type() -> None:
    assert parse_policy(GOOD, "https://h:8443", source="p").resources["notes"].url == "https://h:8443/mcp/notes"


@pytest.mark.covers("W2", "C2")
def test_the_shipped_policy_lists_the_tools_of_both_servers() -> None:
    resources = load_policy(POLICY_FILE, PUBLIC_URL).resources
    assert set(resources["weather"].tools) == {"get_weather_forecast", "get_weather_alerts", "get_uv_index"}
    assert set(resources["calculator"].tools) == {"add", "subtract", "multiply", "divide", "power", "sqrt"}
    assert resources["weather"].tools["get_weather_alerts"] == {"mcp:weather", "mcp:weather:alerts"}
    assert resources["calculator"].tools["sqrt"] == {"mcp:calculator", "mcp:calculator:scientific"}


SECOND = "  more:\n    path: /mcp/notes\n    scopes: []\n    tools: {}\n"


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("resources:", "resource:", 1, 'unknown key "resource"'),
        ("    title: Notes\n", "    titel: Notes\n", 4, 'unknown key "titel"'),
        ("    title: Notes\n", "    path: /mcp/b\n", 4, '"path" stands twice'),
        ("      write: [notes:write]\n", "      read: [notes:write]\n", 8, '"read" stands twice'),
        (GOOD[-1], "\n  notes:\n    path: /x\n    scopes: []\n    tools: {}\n", 9, '"notes" stands twice'),
        ("    path: /mcp/notes\n", "", 3, 'no "path"'),
        ("    scopes: [notes]\n", "", 3, 'no "scopes"'),
        ("scopes: [notes]", "scopes: notes", 5, "scopes are a list"),
        ("scopes: [notes]", 'scopes: ["notes more"]', 5, "not one scope-token"),
        ("scopes: [notes]", 'scopes: [""]', 5, "not one scope-token"),
        ("scopes: [notes]", "scopes: [nötes]", 5, "not one scope-token"),
        ("scopes: [notes]", "scopes: [1]", 5, "must be text"),
        ("scopes: [notes]", "scopes: [[notes]]", 5, "must be text"),
        ("      read: []\n", "      read:\n", 7, "scopes are a list"),
        ("      read: []\n", "      re ad: []\n", 7, "a tool's name"),
        ("      read: []\n", "      yes: []\n", 7, "must be text"),
        ("/mcp/notes", "/mcp/notes/", 3, "no trailing slash"),
        ("/mcp/notes", "mcp/notes", 3, '"path" is like'),
        ("/mcp/notes", "/mcp/../notes", 3, '".." segment'),
        ("/mcp/notes", "/mcp/n%6ftes", 3, "no encoding"),
        ("/mcp/notes", "/mcp//notes", 3, '"path" is like'),
        ("/mcp/notes", "/mcp/notes?x", 3, "no query"),
        ("  notes:\n", "  Notes:\n", 2, "lower-case"),
        (GOOD[-1], "\n" + SECOND, 10, 'has the path of "notes"'),
        (GOOD[len("resources:") :], " {}\n", 1, "is empty"),
        (GOOD[len("resources:") :], "\n", 1, "must be a mapping"),
        (GOOD, "", 1, "must be a mapping"),
        (GOOD, "- a\n", 1, "must be a mapping"),
        ("scopes: [notes]", "scopes: [notes", 6, "is not YAML"),
        ("    title: Notes\n", "\ttitle: Notes\n", 4, "is not YAML"),
        ("title: Notes", "title: \x07", 1, "is not YAML"),
        ("    title: Notes\n", "    <<: {title: Notes}\n", 4, "must be text"),
        ("    title: Notes\n", "    title: !!python/object:os.system ls\n", 4, "must be text"),
        (GOOD[-1], "\n---\nresources: {}\n", 9, "is not YAML"),
        # PyYAML raises OverflowError, ValueError and RecursionError for these, which are no YAMLError.
        ("title: Notes", 'title: "\\UFFFFFFFF"', 4, "is not YAML"),
        ("title: Notes", 'title: "\\U00110000"', 4, "is not YAML"),
        (GOOD, f"%YAML 1.{'9' * 5000}\n---\n{GOOD}", 1, "is not YAML"),
        (GOOD, "[" * 100_000, 1, "nested too deeply"),
    ],
)
def test_a_mistake_is_told_with_its_line(old: str, new: str, line: int, says: str) -> None:
    text = GOOD[:-1] + new if old == "\n" else GOOD.replace(old, new, 1)
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, PUBLIC_URL, source="policy.yaml")
    assert caught.value.line == line, caught.value
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"policy.yaml:{line}: ")
    assert "\n" not in str(caught.value)


def test_a_policy_file_that_is_not_there_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="POLICY_FILE"):
        load_policy(tmp_path / "none.yaml", PUBLIC_URL)


def test_a_policy_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_bytes(b"resources: \xff\n")
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(file, PUBLIC_URL)
