"""Known vulnerabilities of what uv.lock installs, by pip-audit: ``python -m supply_chain.audit``.

Exit code 0: none is known. 1: at least one is. 2: not everything could be checked. pip-audit alone ends with 0 where
its service knows no package at all, as a mirror of PyPI that leaves vulnerabilities out. So each service is first asked
about a package that is known to be vulnerable, and one that knows nothing of it is not believed.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from supply_chain.latest import ask_latest, knows_vulnerabilities
from supply_chain.locked import requirements

SERVICES = ("pypi", "osv")
KNOWN_TO_BE_VULNERABLE = "jinja2==2.10"
"""CVE-2019-10906 (sandbox escape), fixed in 2.10.1."""

CLEAN, VULNERABLE, NOT_CHECKED = 0, 1, 2

Answer: TypeAlias = "list[dict[str, Any]] | str"
"""pip-audit's `dependencies`; or, in a few words, why there is none."""


@dataclass(frozen=True, slots=True)
class Finding:
    package: str
    version: str
    vulnerability: str
    fixed_in: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What can be said. ``complaints`` are for a person, one line each."""

    code: int
    findings: tuple[Finding, ...] = ()
    complaints: tuple[str, ...] = ()
    checked: int = 0


def disbelief(control: Answer) -> str:
    """Why a service that says this of the known-vulnerable package is not to be asked about ours; "" if it is."""
    if isinstance(control, str):
        return control
    return "" if _findings(control) else f"it knows nothing of {KNOWN_TO_BE_VULNERABLE}, which is vulnerable"


def judge(answer: Answer) -> Outcome:
    """From what a service said about ours."""
    if isinstance(answer, str):
        return Outcome(NOT_CHECKED, complaints=(answer,))
    found = tuple(_findings(answer))
    skipped = [f"{one['name']} {one.get('version', '')}".strip() for one in answer if "skip_reason" in one]
    whole = bool(answer) and not skipped
    complaints = () if whole else (f"it says nothing of {', '.join(skipped) or 'anything'}",)
    code = VULNERABLE if found else CLEAN if whole else NOT_CHECKED
    return Outcome(code, found, complaints, checked=len(answer) - len(skipped))


def _findings(dependencies: Iterable[dict[str, Any]]) -> list[Finding]:
    return [
        Finding(one["name"], one["version"], vulnerability["id"], tuple(vulnerability["fix_versions"]))
        for one in dependencies
        for vulnerability in one.get("vulns", ())
    ]


def main(services: Sequence[str] = SERVICES) -> int:
    """Ask one service after the other until one can be believed; where none can, see what PyPI's pages say."""
    ours = requirements()
    for service in services:
        if why := disbelief(ask(service, KNOWN_TO_BE_VULNERABLE, "--no-deps")):
            sys.stderr.write(f"audit: {service} cannot be used: {why}\n")
        else:
            return _tell(service, judge(ask(service, ours, "--require-hashes")))
    if not knows_vulnerabilities():
        sys.stderr.write("audit: NOTHING WAS CHECKED: no vulnerability service could be asked from here\n")
        return NOT_CHECKED
    return _tell("PyPI, newest releases only", judge(ask_latest(ours)))


def ask(service: str, text: str, *options: str) -> Answer:
    """What pip-audit makes of these requirements. It installs nothing (--disable-pip)."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "requirements.txt"
        file.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(file), "--disable-pip", *options]
        command += ["--vulnerability-service", service, "--format", "json", "--progress-spinner", "off"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    try:
        dependencies: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        lines = done.stderr.strip().splitlines() or ["no answer"]
        return lines[-1][:200]
    return dependencies


def _tell(service: str, outcome: Outcome) -> int:
    for one in outcome.findings:
        mend = f"fixed in {', '.join(one.fixed_in)}" if one.fixed_in else "not fixed yet"
        sys.stdout.write(f"{one.package} {one.version}: {one.vulnerability}, {mend}\n")
    for complaint in outcome.complaints:
        sys.stderr.write(f"audit: NOT EVERYTHING WAS CHECKED: {complaint}\n")
    sys.stdout.write(f"audit: {outcome.checked} packages, {len(outcome.findings)} known vulnerabilities ({service})\n")
    return outcome.code


if __name__ == "__main__":
    sys.exit(main())
