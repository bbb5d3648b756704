"""The papers keep up with what they describe. Continuous integration runs the quick start's commands themselves."""

import re

import pytest
from gateway.settings import Settings

from tests.support.stack import ROOT
from tests.support.topology import clusters, policy

README = (ROOT / "README.md").read_text(encoding="utf-8")
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
@pytest.mark.parametrize("paper", ["README.md", "ARCHITECTURE.md"])
def test_every_link_to_a_file_leads_somewhere(paper: str) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / paper).read_text(encoding="utf-8"))
    assert targets or paper == "ARCHITECTURE.md"
    assert [target for target in targets if not (ROOT / target).exists()] == []
