"""The suite's scenarios for authorization servers, against the realm as clients reach it: through the gateway."""

import asyncio
import os
import re
from pathlib import Path

import pytest

from tests.conformance.baseline import read_baseline
from tests.conformance.judge import Check, judge, never_failed
from tests.conformance.suite import RUN_DEADLINE_S, Run, command, read_checks
from tests.conformance.table import Row, assert_documented
from tests.support.node import Node
from tests.support.ports import free_ports
from tests.support.sign_in_headless import browser, deliver, sign_in
from tests.support.stack import Stack

pytestmark = pytest.mark.timeout(900)  # it may be the first that waits for npm and a gateway
RUN = Run("conformance-0.2", "2026-07-28", ("--spec-version", "2026-07-28"))


async def test_the_realm_fails_nothing_but_what_has_a_reason_to(
    stack: Stack, node: Node, rows: list[Row], tmp_path: Path
) -> None:
    """Its metadata, and a code with PKCE for a token, in which the suite is a client and this test its user."""
    baseline = read_baseline("authorization")
    verdict = judge(await _run(stack, node, tmp_path), baseline)
    row = Row("the realm", "through the gateway", RUN.revision, RUN.release, verdict)
    rows.append(row)
    surprises = verdict.surprises + never_failed([verdict], baseline)
    assert not surprises, "\n".join(surprises)
    assert_documented([row])


async def _run(stack: Stack, node: Node, folder: Path) -> list[Check]:
    (port,) = free_ports(1)
    asked = ("--url", f"{stack.url}/realms/mcp-gateway", "--client-id", "mcp-client", "--port", str(port))
    resource = ("--resource", f"{stack.url}/mcp/calculator")
    process = await asyncio.create_subprocess_exec(
        *command(node, RUN, "authorization", *asked, *resource, "--output-dir", str(folder)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "NODE_EXTRA_CA_CERTS": str(stack.settings.certs_dir / "ca.crt"),
        },
    )
    try:
        async with asyncio.timeout(RUN_DEADLINE_S):
            said = await _sign_in_where_asked(process, stack)
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    checks = read_checks(folder)
    assert {check.scenario for check in checks} == {
        "authorization-server-metadata-endpoint",
        "authorization-code-grant",
    }, said
    return checks


async def _sign_in_where_asked(process: asyncio.subprocess.Process, stack: Stack) -> str:
    """Read what the suite says to its end, and open the URL that it tells its user to open."""
    said = ""
    assert process.stdout
    async for raw in process.stdout:
        line = raw.decode(errors="replace")
        said += line
        if re.match(rf"{re.escape(stack.url)}/\S+redirect_uri=", line):
            await asyncio.to_thread(_sign_in, stack, line.strip())
    return said


def _sign_in(stack: Stack, url: str) -> None:
    with browser(stack.ca) as http:
        deliver(sign_in(http, url))
