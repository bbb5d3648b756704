"""F12 to F14: a server or Envoy killed, paused, restarted under load. The other server is not affected."""

import os
import signal
import time

import pytest

from tests.support.faults import Findings, await_refusal, paused, statuses, struck
from tests.support.stack import Stack

PAUSED_S = 10
OTHER = {"mcp-calculator": "good, weather", "mcp-weather": "good, calculator"}


@pytest.mark.covers("F12")
@pytest.mark.parametrize("server", [pytest.param("mcp-calculator", marks=pytest.mark.short), "mcp-weather"])
def test_a_killed_server_is_answered_503_and_the_other_goes_on(
    stack: Stack, beside: Stack, findings: Findings, server: str
) -> None:
    with struck(findings, beside, stack, "F12", f"{server} killed (SIGKILL)") as strike:
        beside.kill(server)
        await_refusal(strike.load, strike.at, within_s=10)
    assert statuses(strike.load, strike.at, may_pass=True) <= {200, 503}
    assert {one.status for one in strike.load.of(OTHER[server], strike.at)} == {200}
    assert statuses(strike.load, strike.at, may_pass=False) == {401}


@pytest.mark.covers("F13")
def test_a_paused_server_is_given_up_and_the_other_goes_on(stack: Stack, beside: Stack, findings: Findings) -> None:
    """A tool may think for long, so what it has begun waits; what comes after the health check failed does not."""
    with struck(findings, beside, stack, "F13", f"mcp-calculator paused for {PAUSED_S} s (SIGSTOP)") as strike:
        with paused(beside.pids()["mcp-calculator"]):
            await_refusal(strike.load, strike.at, within_s=20)
            time.sleep(max(0.0, strike.at + PAUSED_S - time.monotonic()))  # how long the fault lasts
        strike.over()
    assert statuses(strike.load, strike.at, may_pass=True) <= {200, 503}
    assert {one.status for one in strike.load.of("good, weather", strike.at)} == {200}
    assert statuses(strike.load, strike.at, may_pass=False) == {401}


@pytest.mark.covers("F14")
@pytest.mark.parametrize(
    ("how", "number"),
    [pytest.param("killed", signal.SIGKILL, marks=pytest.mark.short), ("restarted", signal.SIGTERM)],
    ids=["killed", "restarted"],
)
def test_an_envoy_that_ends_lets_nobody_in_and_comes_back(
    stack: Stack, beside: Stack, findings: Findings, how: str, number: signal.Signals
) -> None:
    """While it is away there is no connection (0); a new one says 503 until it has seen that the others are healthy."""
    with struck(findings, beside, stack, "F14", f"Envoy {how} ({number.name})") as strike:
        os.kill(beside.pids()["envoy"], number)
        strike.load.await_count(24)
    assert statuses(strike.load, strike.at, may_pass=True) <= {0, 200, 503}
    assert statuses(strike.load, strike.at, may_pass=False) <= {0, 401, 503}
