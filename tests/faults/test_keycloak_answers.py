"""F3, F7 to F10, F19: Keycloak answers, but not as it should. A token that it did not vouch for opens nothing."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from ext_authz.breaker import FAILURES_TO_OPEN
from ext_authz.keycloak_transport import MAX_ANSWER_BYTES

from tests.support.authz import answer
from tests.support.behaviours import Behaviour, cut_in_the_middle, dripping, huge, raw, silent
from tests.support.faults import Findings, Strike, await_refusal, says_try_later, statuses, struck
from tests.support.keycloak_between import KeycloakBetween
from tests.support.stack import Stack

TTL_S = 5.0
LASTS_S = 3.0
"""How long it goes on once nothing is cached any more."""

JSON = "application/json"
ANSWERS: Mapping[str, tuple[str, Behaviour]] = {
    "500": ("F8", raw(500, b'{"error":"unknown_error"}', JSON)),
    "429": ("F8", raw(429, b"slow down", **{"Retry-After": "60"})),
    "HTML with status 200": ("F8", raw(200, b"<html>sign in</html>")),
    "truncated JSON": ("F8", raw(200, b'{"active": true, "scope": "mcp:wea', JSON)),
    "an answer cut in the middle": ("F8", cut_in_the_middle()),
    "a huge answer": ("F8", huge(answer(), MAX_ANSWER_BYTES, chunked=True)),
    "a redirect": ("F9", raw(307, b"", Location="http://127.0.0.1:9/elsewhere")),
    "a byte now and then": ("F7", dripping()),
    "nothing": ("F7", silent()),
}
SHORT = ("500", "a byte now and then")


def lasts_until_it_is_felt(strike: Strike) -> None:
    """Nothing of what was known before is used after the TTL; the fault goes on for a while then."""
    await_refusal(strike.load, strike.at, within_s=TTL_S + 15)
    time.sleep(LASTS_S)  # how long the fault lasts


@pytest.mark.covers("F7", "F8", "F9", "R4")
@pytest.mark.parametrize("how", [pytest.param(how, marks=pytest.mark.short if how in SHORT else ()) for how in ANSWERS])
def test_what_is_no_answer_about_a_token_is_an_outage(
    stack: Stack, beside: Stack, between: KeycloakBetween, findings: Findings, how: str
) -> None:
    fault, behaviour = ANSWERS[how]
    with struck(findings, beside, stack, fault, f"Keycloak answers {how}") as strike:
        between.behaviour = behaviour
        lasts_until_it_is_felt(strike)
        strike.over()
        between.behave()
    outage = statuses(strike.load, strike.at, may_pass=True), statuses(strike.load, strike.at, may_pass=False)
    assert outage[0] <= {200, 503}, "an outage is never told as a bad token"
    assert outage[1] <= {401, 503}
    says_try_later(strike.load, strike.at)
    assert strike.over_at
    late = [one for one in strike.load.good(strike.at + TTL_S) if one.allowed and one.answered_at < strike.over_at]
    assert late == [], "a cached answer was used after its time"


@pytest.mark.short
@pytest.mark.covers("F8")
def test_while_keycloak_is_away_it_is_asked_once_a_second_and_not_by_every_request(
    stack: Stack, beside: Stack, between: KeycloakBetween, findings: Findings
) -> None:
    with struck(findings, beside, stack, "F8", "Keycloak answers 503: the storm that is not") as strike:
        between.behaviour = raw(503, b"")
        await_refusal(strike.load, strike.at, within_s=TTL_S + 15)
        since = time.monotonic()
        time.sleep(2 * LASTS_S)  # how long the questions are counted
        until = time.monotonic()
        asked = sum(since <= moment <= until for moment in between.asked)
        answered = sum(since <= one.sent_at <= until for one in strike.load.answers)
        strike.over()
        between.behave()
    assert asked <= FAILURES_TO_OPEN + 1.5 * (until - since), f"{asked} questions for {answered} requests"
    assert answered > 4 * asked


@pytest.mark.covers("F10", "R4")
def test_a_wrong_client_secret_is_an_outage_of_ours_and_no_fault_of_the_token(
    stack: Stack, beside: Stack, between: KeycloakBetween, findings: Findings
) -> None:
    """The real Keycloak refuses the authorizer (RFC 7662 section 2.3)."""
    with struck(findings, beside, stack, "F10", "the authorizer's client secret is wrong") as strike:
        between.spoil = lambda form: form | {"client_secret": "not-the-secret"}
        lasts_until_it_is_felt(strike)
        strike.over()
        between.behave()
    assert statuses(strike.load, strike.at, may_pass=True) <= {200, 503}
    assert statuses(strike.load, strike.at, may_pass=False) <= {401, 503}


def shifted(seconds: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Keycloak's clock is this far ahead of the authorizer's."""

    def bend(answer: dict[str, Any]) -> dict[str, Any]:
        return answer | {name: answer[name] + seconds for name in ("exp", "iat", "nbf") if name in answer}

    return bend


@pytest.mark.covers("F19")
@pytest.mark.parametrize(("minutes", "good"), [(5, {200}), (-5, {200, 401})], ids=["ahead", "behind"])
def test_with_clocks_five_minutes_apart_nobody_is_let_in_who_should_not_be(
    stack: Stack, beside: Stack, between: KeycloakBetween, findings: Findings, minutes: int, good: set[int]
) -> None:
    """A Keycloak that is behind issues tokens that have expired here, so they are refused until the clocks agree."""
    what = f"Keycloak's clock {abs(minutes)} minutes {'ahead' if minutes > 0 else 'behind'}"
    with struck(findings, beside, stack, "F19", what) as strike:
        between.bend = shifted(minutes * 60)
        time.sleep(TTL_S + LASTS_S)  # how long the fault lasts
        strike.over()
        between.behave()
    assert statuses(strike.load, strike.at, may_pass=True) <= good
    assert statuses(strike.load, strike.at, may_pass=False) == {401}
