"""A real Chromium that trusts this gateway's CA as a user's does: by an NSS database in a home of its own."""

import os
import shutil
import subprocess
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str:
    """The program; the variable CHROMIUM names one that is elsewhere."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    assert found, "no Chromium is installed: these tests need Debian's chromium, or CHROMIUM with the path of one"
    return found


def trust(home: Path, ca: Path) -> None:
    """Make the browsers of this home trust `ca`, and nothing else that others do not."""
    database = home / ".pki" / "nssdb"
    database.mkdir(parents=True)
    _certutil("-N", "-d", f"sql:{database}", "--empty-password")
    _certutil("-A", "-d", f"sql:{database}", "-n", "the gateway under test", "-t", "C,,", "-i", str(ca))


def _certutil(*arguments: str) -> None:
    program = shutil.which("certutil")
    assert program, "certutil is not installed: these tests need Debian's libnss3-tools"
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
