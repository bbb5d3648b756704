"""What uv.lock says, in the forms that other tools read. The lock is never changed here (--frozen)."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def requirements() -> str:
    """Every package of the workspace and of its tools, with its version and hashes, for pip's --require-hashes."""
    return _export("requirements.txt")


def components() -> str:
    """What is installed to run the gateway, without the tools that check it, as CycloneDX 1.5."""
    return _export("cyclonedx1.5", "--no-dev")


def _export(form: str, *more: str) -> str:
    command = [uv(), "export", "--quiet", "--frozen", "--all-packages", "--no-emit-workspace", "--format", form, *more]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def uv() -> str:
    """The one that `make` installed, or whichever is on PATH."""
    own = ROOT / ".tools" / "bin" / "uv"
    return str(own) if os.access(own, os.X_OK) else "uv"
