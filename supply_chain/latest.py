"""A last resort where no vulnerability service can be reached: PyPI's page of a package, on its newest release only.

Mirrors that pass on neither OSV nor PyPI's pages of single releases often pass on this one
(https://docs.pypi.org/api/json/, "vulnerabilities"). It says nothing of releases that are not the newest.
"""

import json
import re
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

INDEX = "https://pypi.org/pypi"
TIMEOUT_SECONDS = 60
AT_ONCE = 4

KNOWN_TO_BE_VULNERABLE = "ecdsa"
"""CVE-2024-23342: its maintainers say that it will not be fixed."""

_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def pinned(requirements: str) -> dict[str, str]:
    """Name → version."""
    return dict(_PINNED.findall(requirements))


def ask_latest(requirements: str) -> list[dict[str, Any]]:
    """As pip-audit's `dependencies`: a package has `vulns`, or a `skip_reason`."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(_ask, *zip(*sorted(pinned(requirements).items()), strict=True)))


def knows_vulnerabilities() -> bool:
    """Whether the page can be had, with what is known of a package that is vulnerable."""
    return bool(_page(KNOWN_TO_BE_VULNERABLE).get("vulnerabilities"))


def judged(name: str, version: str, page: dict[str, Any]) -> dict[str, Any]:
    """What a package's page says of one of its versions."""
    newest = page.get("info", {}).get("version")
    if newest != version or "vulnerabilities" not in page:
        return {"name": name, "version": version, "skip_reason": f"the newest is {newest}"}
    vulns = [
        {"id": one["id"], "fix_versions": one["fixed_in"]} for one in page["vulnerabilities"] if not one["withdrawn"]
    ]
    return {"name": name, "version": version, "vulns": vulns}


def _ask(name: str, version: str) -> dict[str, Any]:
    return judged(name, version, _page(name))


def _page(name: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"{INDEX}/{name}/json", timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - https
            page: dict[str, Any] = json.load(answer)
    except (urllib.error.URLError, TimeoutError, ValueError):
        return {}
    return page
