"""Envoy's runtime keys, which come from a file: tests switch the rate limit by it."""

import time
from pathlib import Path

import httpx
import yaml

TAKEN_UP_DEADLINE_S = 10
RUNTIME = "type.googleapis.com/envoy.service.runtime.v3.Runtime"


def rate_limit_layer(*, enabled: bool) -> str:
    """The text of envoy/sds/runtime.yaml with the rate limit on, or off."""
    layer = {"rate_limit": {"enabled": 100 if enabled else 0}}
    return yaml.safe_dump({"resources": [{"@type": RUNTIME, "name": "runtime", "layer": layer}]})


def replace(file: Path, text: str) -> None:
    """By a rename, as Envoy expects: it never reads half a file."""
    fresh = file.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(file)


def await_taken_up(admin: str, before: int) -> None:
    """Returns once Envoy has loaded the file anew; ``before`` is what ``loads`` said before the change."""
    deadline = time.monotonic() + TAKEN_UP_DEADLINE_S
    while loads(admin) == before:
        assert time.monotonic() < deadline, f"Envoy did not take up its runtime file in {TAKEN_UP_DEADLINE_S} s"
        time.sleep(0.02)  # between two looks


def loads(admin: str) -> int:
    """How often Envoy has loaded its runtime."""
    stats = httpx.get(f"{admin}/stats", params={"filter": "^runtime.load_success$"}).text
    return int(stats.rsplit(":", 1)[1])
