"""Other people's programs, each from the package registry into an environment of its own below ``.tools``."""

import shutil
import subprocess
import sys
from pathlib import Path

from bench.tools import PLACE, ROOT, NotAvailable
from tests.support.installing import installed_once

INSTALL_SECONDS = 600
FASTMCP = "fastmcp==4.1.2"
AUTHMCP = "authmcp-gateway==1.2.74"
CONTEXTFORGE = "mcp-contextforge-gateway==1.1.0"
PROGRAMS = Path(__file__).parent / "programs"


def python_with(*requirements: str, python: str = sys.executable) -> Path:
    """The interpreter of an environment that has ``requirements``.

    Raises:
        NotAvailable: they cannot be installed here.
    """

    def install(place: Path) -> None:
        _uv("venv", "--quiet", "--python", python, str(place))
        _uv("pip", "install", "--quiet", "--python", str(_interpreter(place)), *requirements)

    return _interpreter(installed_once(PLACE / "peers" / requirements[0], install))


def _interpreter(place: Path) -> Path:
    return place / "bin" / "python"


def newer_python() -> str:
    """A Python 3.12 or 3.13, which contextforge asks for.

    Raises:
        NotAvailable: there is none.
    """
    if sys.version_info >= (3, 12):
        return sys.executable
    for name in ("3.13", "3.12"):
        asked = [_find_uv(), "python", "find", "--no-project", name]
        found = subprocess.run(asked, capture_output=True, text=True, check=False)
        if found.returncode == 0:
            return found.stdout.strip()
        # pyenv's shims are on PATH, and end uv's search, where another version is selected
        if kept := sorted(Path.home().glob(f".pyenv/versions/{name}.*/bin/python")):
            return str(kept[-1])
    raise NotAvailable("it needs Python 3.12 or 3.13")


def _uv(*arguments: str) -> None:
    done = subprocess.run(
        [_find_uv(), *arguments], capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
    )
    if done.returncode:
        raise NotAvailable(f"{arguments[-1]} cannot be installed: {done.stderr.strip().splitlines()[-1:]}")


def _find_uv() -> str:
    found = shutil.which("uv") or shutil.which("uv", path=str(ROOT / ".tools" / "bin"))
    if found is None:
        raise NotAvailable("uv is missing")
    return found
