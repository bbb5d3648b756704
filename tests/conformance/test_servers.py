"""The official conformance suite's server scenarios, against our servers and one with the suite's own tools."""

import asyncio
from pathlib import Path

import pytest

from tests.conformance.baseline import read_baseline
from tests.conformance.judge import judge, never_failed
from tests.conformance.proxy import proxy_to
from tests.conformance.suite import SERVER_RUNS, run_server_scenarios
from tests.conformance.table import Row, assert_documented
from tests.conformance.targets import SERVERS, WAYS, Server, way_to
from tests.support.node import Node
from tests.support.stack import Stack

pytestmark = pytest.mark.timeout(900)  # whichever test comes first waits for npm and a gateway


@pytest.mark.covers("M1", "M3", "M4", "M7")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
async def test_nothing_fails_but_what_has_a_reason_to(
    server: Server, way: str, stack: Stack, fixture_port: int, node: Node, rows: list[Row], tmp_path: Path
) -> None:
    """In every revision; and what is expected to fail does."""
    baseline = read_baseline(*server.baselines[way])
    async with proxy_to(way_to(server, way, stack, fixture_port)) as url:
        # Side by side: what takes time in them is mostly waiting
        results = await asyncio.gather(*(run_server_scenarios(node, run, url, tmp_path) for run in SERVER_RUNS))
    found = [
        Row(server.name, way, run.revision, run.release, judge(checks, baseline))
        for run, checks in zip(SERVER_RUNS, results, strict=True)
    ]
    rows += found
    surprises = [f"{row.release} {row.revision}: {surprise}" for row in found for surprise in row.verdict.surprises]
    surprises += never_failed((row.verdict for row in found), baseline)
    assert not surprises, "\n".join(surprises)
    assert_documented(found)
