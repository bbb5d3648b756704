"""docs/add-a-server.md shows by hand what the command writes."""

import re

import typer
import yaml
from gateway.__main__ import build
from gateway.resources.applying import COMPOSE
from gateway.resources.envoy_text import cluster, route
from gateway.resources.policy_text import entry
from gateway.resources.server import Server, read_tools, read_upstream

from tests.support.stack import ROOT

PAGE = (ROOT / "docs" / "add-a-server.md").read_text(encoding="utf-8")
NOTES = Server(
    "notes",
    read_upstream("http://127.0.0.1:9001/mcp"),
    "mcp:notes",
    read_tools(["add_note", "list_notes", "forget_notes=mcp:notes:forget"]),
)


def test_by_hand_is_ten_lines_and_what_the_command_writes() -> None:
    policy, by_hand_route, by_hand_cluster = re.findall(r"```yaml\n(.*?)\n```", PAGE, re.DOTALL)
    assert yaml.safe_load(policy) == yaml.safe_load("\n".join(entry(NOTES)))
    assert by_hand_route.splitlines() == route(NOTES)
    assert by_hand_cluster.splitlines() == cluster(NOTES)
    assert sum(len(block.splitlines()) for block in (policy, by_hand_route, by_hand_cluster)) == 10


def test_the_page_names_every_option_and_the_way_with_compose() -> None:
    command = typer.main.get_command(build()).commands["add"]  # type: ignore[attr-defined]
    options = {name for parameter in command.params for name in parameter.opts if name.startswith("--")}
    assert sorted(name for name in options if f"`{name}" not in PAGE) == []
    assert COMPOSE in PAGE
