"""The committed topology for an Envoy of a test's own: its clusters changed, its rate limits off."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from gateway.runner.topology import write_topology
from gateway.settings import Settings

from tests.support.runtime import rate_limit_layer, replace

ChangeClusters = Callable[[dict[str, dict[str, Any]]], None]
"""Changes clusters, each by its name, in place."""


def write_own_topology(settings: Settings, change: ChangeClusters) -> Path:
    """The file to start Envoy with."""
    path = write_topology(settings)
    bootstrap = yaml.safe_load(path.read_text(encoding="utf-8"))
    change({cluster["name"]: cluster for cluster in bootstrap["static_resources"]["clusters"]})
    path.write_text(yaml.safe_dump(bootstrap), encoding="utf-8")
    replace(settings.state_dir / "sds" / "runtime.yaml", rate_limit_layer(enabled=False))
    return path
