"""F18: descriptors and disk run out under load. What cannot be checked is not let in by that, and it heals."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from gateway.client.errors import SignInFailed

from tests.support.faults import Findings, await_refusal, says_try_later, statuses, struck
from tests.support.keycloak_between import KeycloakBetween
from tests.support.load import NO_ANSWER
from tests.support.mcp import CALCULATOR, bearer, tool_call
from tests.support.runner import eventually
from tests.support.sessions import OPENID, signed_in
from tests.support.stack import Stack

ADD = tool_call("add", a=1, b=2)
LASTS_S = 6
FEW = 3
"""Descriptors that a process may have: fewer than it has, so that none can be opened. Those that are open stay."""


@contextmanager
def limited(pid: int, what: int, limit: int) -> Iterator[None]:
    """A limit of a process that runs (prlimit(2)), and what it was before at the end."""
    before = resource.prlimit(pid, what)
    resource.prlimit(pid, what, (limit, before[1]))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # it ended over it; the next one was started without a limit
            resource.prlimit(pid, what, before)


@pytest.mark.covers("F18", "R4")
def test_an_authorizer_without_descriptors_cannot_ask_and_says_so(
    stack: Stack, beside: Stack, between: KeycloakBetween, findings: Findings
) -> None:
    with struck(findings, beside, stack, "F18", f"authorizer without descriptors for {LASTS_S} s") as strike:
        between.keeps_connections = False
        time.sleep(1)  # the kept connections end
        with limited(beside.pids()["ext-authz"], resource.RLIMIT_NOFILE, FEW):
            await_refusal(strike.load, strike.at, within_s=20)
            time.sleep(LASTS_S)  # how long the fault lasts
        between.behave()
        strike.over()
    assert statuses(strike.load, strike.at, may_pass=True) <= {200, 503}
    assert statuses(strike.load, strike.at, may_pass=False) <= {401, 503}
    says_try_later(strike.load, strike.at)


@pytest.mark.covers("F18")
def test_an_envoy_without_descriptors_takes_nobody_and_goes_on_when_it_has_them(
    stack: Stack, beside: Stack, findings: Findings
) -> None:
    """Who is connected is served. Who is not waits in the kernel's queue, and gives up here before there is room."""
    what = f"Envoy without descriptors for {LASTS_S} s, a new connection for each request"
    with struck(findings, beside, stack, "F18", what, keep_connections=False, timeout_s=LASTS_S / 2) as strike:
        with limited(beside.pids()["envoy"], resource.RLIMIT_NOFILE, FEW):
            strike.now()
            time.sleep(LASTS_S)  # how long the fault lasts
            over = time.monotonic()
        strike.over()
    in_vain = [one for one in strike.load.answers if strike.at <= one.sent_at and one.answered_at < over]
    assert {one.status for one in in_vain} == {NO_ANSWER}
    assert statuses(strike.load, strike.at, may_pass=True) <= {NO_ANSWER, 200, 503}
    assert statuses(strike.load, strike.at, may_pass=False) <= {NO_ANSWER, 401, 503}


@pytest.mark.covers("F18")
def test_a_server_without_descriptors_is_away_and_the_other_goes_on(
    stack: Stack, beside: Stack, findings: Findings
) -> None:
    """Envoy keeps its connection and a server opens nothing itself, so only who connects anew feels it."""
    what = f"mcp-calculator without descriptors for {LASTS_S} s, and Envoy restarted"
    with struck(findings, beside, stack, "F18", what) as strike:
        with limited(beside.pids()["mcp-calculator"], resource.RLIMIT_NOFILE, FEW):
            beside.kill("envoy")
            strike.now()
            await_refusal(strike.load, strike.at, within_s=20)
            eventually(lambda: any(one.allowed for one in strike.load.of("good, weather", strike.at)))
            since = time.monotonic()
            time.sleep(LASTS_S)  # how long the fault lasts
            over = time.monotonic()
        strike.over()
    meanwhile = [one for one in strike.load.answers if since <= one.sent_at and one.answered_at < over]
    assert {one.status for one in meanwhile if one.ask.name == "good, calculator"} == {503}
    assert {one.status for one in meanwhile if one.ask.name == "good, weather"} == {200}
    assert statuses(strike.load, strike.at, may_pass=True) <= {NO_ANSWER, 200, 503}
    assert statuses(strike.load, strike.at, may_pass=False) <= {NO_ANSWER, 401, 503}


@pytest.mark.covers("F18")
@pytest.mark.parametrize("component", ["ext-authz", "mcp-weather", "mcp-calculator"])
def test_a_full_disk_changes_no_decision(stack: Stack, beside: Stack, findings: Findings, component: str) -> None:
    """Its log cannot grow by a byte."""
    with struck(findings, beside, stack, "F18", f"{component}'s disk full for {LASTS_S} s") as strike:
        with limited(beside.pids()[component], resource.RLIMIT_FSIZE, 0):
            before = beside.log(component)
            time.sleep(LASTS_S)  # how long the fault lasts
            assert beside.log(component) == before, "it was struck"
        strike.over()
    assert beside.log(component) != before, "it would have written"
    assert statuses(strike.load, strike.at, may_pass=True) == {200}
    assert statuses(strike.load, strike.at, may_pass=False) == {401}


@pytest.mark.covers("F18")
def test_a_keycloak_without_room_on_its_disk_vouches_for_tokens_and_confirms_nothing_that_it_cannot_keep(
    stack: Stack, findings: Findings
) -> None:
    """None of its files can be written: not its database, and not its log."""
    tokens = signed_in(stack)
    form = {"client_id": "mcp-client", "token": tokens.access_token}
    what = f"Keycloak's disk full for {LASTS_S} s (nobody can sign in meanwhile)"
    with struck(findings, stack, stack, "F18", what) as strike, stack.client() as http:
        with limited(stack.pids()["keycloak"], resource.RLIMIT_FSIZE, 0):
            strike.now()
            with pytest.raises(SignInFailed):
                signed_in(stack)
            assert http.post(f"{OPENID}/revoke", data=form).status_code == 500
            time.sleep(LASTS_S)  # how long the fault lasts
        strike.over()
        renewed = signed_in(stack).access_token
        assert http.post(CALCULATOR, json=ADD, headers=bearer(renewed)).status_code == 200
    assert statuses(strike.load, strike.at, may_pass=True) == {200}
    assert statuses(strike.load, strike.at, may_pass=False) == {401}
