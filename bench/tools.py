"""The programs that load and compare: ``wrk`` from the system, the rest built by Go from its module proxy."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / ".tools" / "bench"
BUILD_SECONDS = 900
VEGETA = "github.com/tsenart/vegeta/v12@v12.13.0"
OPA_ENVOY = "github.com/open-policy-agent/opa-envoy-plugin/cmd/opa-envoy-plugin@latest"


class NotAvailable(Exception):
    """A program that cannot be had here. Its text says why, and stands in the table instead of a figure."""


def require_wrk() -> None:
    """Raises NotAvailable where the load source is missing; nothing can be measured then."""
    if shutil.which("wrk") is None:
        raise NotAvailable("wrk is missing (Debian, Ubuntu: apt-get install wrk)")


def vegeta() -> Path:
    """Sends at a fixed rate, whether or not answers come."""
    return _installed("vegeta", VEGETA)


def opa_envoy() -> Path:
    """Open Policy Agent as an external authorizer."""
    return _installed("opa-envoy-plugin", OPA_ENVOY)


def go_authorizers() -> Path:
    """Our own Go programs of ``bench/peers/go``."""
    program = PLACE / "authorizers"
    _go(["build", "-o", str(program), "."], ROOT / "bench" / "peers" / "go")
    return program


def _installed(name: str, module: str) -> Path:
    program = PLACE / name
    if not program.exists():
        _go(["install", module], ROOT)
    return program


def _go(arguments: list[str], folder: Path) -> None:
    if shutil.which("go") is None:
        raise NotAvailable("go is missing")
    PLACE.mkdir(parents=True, exist_ok=True)
    variables = {**os.environ, "GOBIN": str(PLACE)}
    done = subprocess.run(
        ["go", *arguments],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    if done.returncode:
        raise NotAvailable(f"go {arguments[0]}: {(done.stderr.strip().splitlines() or ['failed'])[-1].strip()}")
