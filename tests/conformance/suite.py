"""The conformance suite itself: two of its releases at locked versions, the Node that they need, and a run of one."""

import asyncio
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conformance.judge import Check
from tests.support.node import Node

HERE = Path(__file__).parent
LOCK = json.loads((HERE / "package-lock.json").read_text())
RUN_DEADLINE_S = 120
FOLDER_NAME = re.compile(r"(?:authorization-)?server-(?P<scenario>.+)-\d{4}-\d\d-\d\dT[\dZ-]+")


@dataclass(frozen=True)
class Run:
    """A release of the suite, asked for what a revision of MCP has."""

    package: str
    revision: str
    options: tuple[str, ...]

    @property
    def release(self) -> str:
        return str(LOCK["packages"][f"node_modules/{self.package}"]["version"])


SERVER_RUNS = (
    Run("conformance-0.1", "2025-11-25", ("--suite", "all", "--spec-version", "2025-11-25")),
    Run("conformance-0.2", "2025-06-18", ("--suite", "all", "--spec-version", "2025-06-18")),
    Run("conformance-0.2", "2025-11-25", ("--requirements", "2025-11-25")),
    Run("conformance-0.2", "2026-07-28", ("--requirements", "2026-07-28")),
)


def command(node: Node, run: Run, *arguments: str) -> list[str]:
    return [str(node.program), str(node.package(run.package) / "dist" / "index.js"), *arguments, *run.options]


async def run_server_scenarios(node: Node, run: Run, url: str, folder: Path) -> list[Check]:
    """Every scenario of ``run`` against the server at ``url``; results are kept below ``folder``."""
    results = folder / f"{run.release}-{run.revision}"
    results.mkdir()
    process = await asyncio.create_subprocess_exec(
        *command(node, run, "server", "--url", url, "--output-dir", str(results)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
    )
    try:
        async with asyncio.timeout(RUN_DEADLINE_S):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    said = output.decode(errors="replace")
    # It ends with 1 where any scenario fails; the judge says which may. A summary shows that it came to its end.
    assert "=== SUMMARY ===" in said, said
    checks = read_checks(results)
    begun = re.findall(r"=== Running scenario: (\S+) ===", said)
    ended = {check.scenario for check in checks}
    return [*checks, *(Check(name, "results", "FAILURE", "it has none") for name in begun if name not in ended)]


def read_checks(folder: Path) -> list[Check]:
    """What a run has written; a scenario that wrote no check at all counts as one that only informs."""
    return [check for results in sorted(folder.glob("*/checks.json")) for check in _read(results)]


def _read(results: Path) -> Iterable[Check]:
    name = FOLDER_NAME.fullmatch(results.parent.name)
    assert name, f"not a folder of the suite's: {results.parent.name}"
    scenario = name["scenario"]
    found = json.loads(results.read_text())
    yield from (Check(scenario, check["id"], check["status"], _message(check)) for check in found)
    if not found:
        yield Check(scenario, "none", "INFO")


def _message(check: dict[str, Any]) -> str:
    return str(check.get("errorMessage") or check.get("details", {}).get("message", ""))
