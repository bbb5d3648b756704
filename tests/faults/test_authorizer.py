"""F1 to F5: the authorizer killed, paused, slowed and stopped under load. What was not checked is not let in."""

import os
import signal
import time

import pytest

from tests.support.faults import Findings, await_refusal, paused, says_try_later, statuses, struck
from tests.support.stack import Stack

PAUSED_S = 8
STARVED_S = 6


@pytest.mark.short
@pytest.mark.covers("F1", "R4")
def test_a_killed_authorizer_is_answered_503_and_comes_back(stack: Stack, beside: Stack, findings: Findings) -> None:
    with struck(findings, beside, stack, "F1", "authorizer killed (SIGKILL)") as strike:
        beside.kill("ext-authz")
        await_refusal(strike.load, strike.at, within_s=10)
    assert statuses(strike.load, strike.at, may_pass=True) <= {200, 503}
    assert statuses(strike.load, strike.at, may_pass=False) <= {401, 503}
    says_try_later(strike.load, strike.at)


@pytest.mark.short
@pytest.mark.covers("F2", "R4")
def test_a_paused_authorizer_is_answered_503_within_the_deadline(
    stack: Stack, beside: Stack, findings: Findings
) -> None:
    with struck(findings, beside, stack, "F2", f"authorizer paused for {PAUSED_S} s (SIGSTOP)") as strike:
        with paused(beside.pids()["ext-authz"]):
            await_refusal(strike.load, strike.at, within_s=20)
            time.sleep(max(0.0, strike.at + PAUSED_S - time.monotonic()))  # how long the fault lasts
        strike.over()
    assert statuses(strike.load, strike.at, may_pass=True) <= {200, 503}
    assert statuses(strike.load, strike.at, may_pass=False) <= {401, 503}
    says_try_later(strike.load, strike.at)


@pytest.mark.covers("F3")
def test_a_starved_authorizer_is_slow_and_right(stack: Stack, beside: Stack, findings: Findings) -> None:
    """It runs for 50 ms of every 250, as on a machine that has no time for it."""
    with struck(findings, beside, stack, "F3", f"authorizer slow (a fifth of the time, {STARVED_S} s)") as strike:
        pid = beside.pids()["ext-authz"]
        while time.monotonic() < strike.at + STARVED_S:
            with paused(pid):
                time.sleep(0.2)  # stands still
            time.sleep(0.05)  # runs
        strike.over()
    assert statuses(strike.load, strike.at, may_pass=True) <= {200, 503}
    assert statuses(strike.load, strike.at, may_pass=False) <= {401, 503}


@pytest.mark.covers("F5", "R4")
def test_an_authorizer_that_is_stopped_leaves_only_503s_where_there_is_no_other(
    stack: Stack, beside: Stack, findings: Findings
) -> None:
    with struck(findings, beside, stack, "F5", "authorizer stopped (SIGTERM), one replica") as strike:
        os.kill(beside.pids()["ext-authz"], signal.SIGTERM)
        await_refusal(strike.load, strike.at, within_s=10)
    assert statuses(strike.load, strike.at, may_pass=True) <= {200, 503}
    assert statuses(strike.load, strike.at, may_pass=False) <= {401, 503}
