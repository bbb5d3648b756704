"""The gateway's policy and the servers' own rule name the same tools and the same scopes."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from mcp_calculator.toolbox import calculator_toolbox
from mcp_serving import Toolbox
from mcp_weather.cities import Cities
from mcp_weather.offline import OfflineProvider
from mcp_weather.toolbox import weather_toolbox

POLICY = Path(__file__).parents[2] / "ext-authz" / "policy.yaml"


def resources() -> dict[str, Any]:
    policy: dict[str, Any] = yaml.safe_load(POLICY.read_text())["resources"]
    return policy


def toolboxes() -> dict[str, Toolbox]:
    weather = weather_toolbox(OfflineProvider(Cities([])), clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    return {"weather": weather, "calculator": calculator_toolbox()}


def test_every_resource_is_one_of_our_servers() -> None:
    assert resources().keys() == toolboxes().keys()


@pytest.mark.covers("W2", "W3", "C2")
@pytest.mark.parametrize("name", ["weather", "calculator"])
def test_the_policy_and_the_server_agree_on_tools_and_scopes(name: str) -> None:
    resource, toolbox = resources()[name], toolboxes()[name]
    by_policy = {tool: frozenset([*resource["scopes"], *further]) for tool, further in resource["tools"].items()}
    by_server = {tool.name: toolbox.effective_scopes(tool) for tool in toolbox}
    assert by_server == by_policy
    assert toolbox.effective_scopes(None) == frozenset(resource["scopes"])
