"""The papers keep up with what they describe. Continuous integration runs the quick start's commands themselves."""

import json
import re

import pytest
from gateway.__main__ import build
from gateway.settings import Settings
from typer.main import get_command

from tests.support.stack import ROOT
from tests.support.topology import clusters, policy

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [*(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md"))), "examples/README.md"]
COMMANDS = "|".join(get_command(build()).commands)  # type: ignore[attr-defined]
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


@pytest.mark.covers("D1")
@pytest.mark.parametrize("field", sorted(set(Settings.model_fields) - {"home"}))
def test_the_readme_names_every_setting_of_the_runner(field: str) -> None:
    assert f"`{field.upper()}`" in README


@pytest.mark.covers("D1")
@pytest.mark.parametrize("field", [name for name in Settings.model_fields if name.endswith("_port")])
def test_the_readme_gives_each_port_its_default(field: str) -> None:
    assert str(Settings.model_fields[field].default) in README


@pytest.mark.covers("D1")
def test_the_readme_names_each_resource_and_scope_of_the_policy() -> None:
    for resource in policy()["resources"].values():
        scopes = {*resource["scopes"], *(scope for needed in resource["tools"].values() for scope in needed)}
        assert resource["path"] in README
        assert all(f"`{scope}`" in README for scope in scopes)


@pytest.mark.covers("D2")
def test_the_flowchart_shows_every_part_and_how_it_is_reached() -> None:
    flowchart = ARCHITECTURE.split("```mermaid\nflowchart", maxsplit=1)[1].split("```", maxsplit=1)[0]
    for part in ("ext-authz", "Keycloak :8080", "mcp-weather :8000", "mcp-calculator :8001", ":80 ", ":443 ", ":8081 "):
        assert part in flowchart
    assert len(clusters()) == 6, "a new cluster belongs in the flowchart too"


@pytest.mark.covers("D1", "D2")
@pytest.mark.parametrize("paper", ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", *PAGES])
def test_every_link_to_a_file_leads_somewhere(paper: str) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / paper).read_text(encoding="utf-8"))
    assert targets or paper != "README.md"
    assert [target for target in targets if not ((ROOT / paper).parent / target).exists()] == []


@pytest.mark.covers("D1")
@pytest.mark.parametrize("page", PAGES)
def test_the_readme_leads_to_every_page(page: str) -> None:
    assert f"]({page})" in README


@pytest.mark.covers("D1")
@pytest.mark.parametrize("page", ["README.md", *PAGES])
def test_a_page_names_the_command_as_it_is_typed_in_a_clone(page: str) -> None:
    """Nothing puts it on PATH."""
    assert re.findall(rf"(?<![\w./-])mcp-gateway (?:{COMMANDS})\b.*", (ROOT / page).read_text(encoding="utf-8")) == []


def test_the_versions_that_the_papers_name_are_those_that_the_tests_run() -> None:
    tested = json.loads((ROOT / "tests/clients/js/package.json").read_text())["dependencies"]
    examples = json.loads((ROOT / "examples/package.json").read_text())["dependencies"]
    assert examples["@modelcontextprotocol/client"] == tested["@modelcontextprotocol/client"]
    named = re.findall(r"npx (?:-y )?@modelcontextprotocol/inspector(\S*)", (ROOT / "docs/clients.md").read_text())
    assert set(named) == {f"@{tested['@modelcontextprotocol/inspector']}"}
