"""What the judge of a run and the reader of its baseline let pass, and what not. Needs no suite and no server."""

import pytest

from tests.conformance.baseline import parse_baseline
from tests.conformance.judge import Check, Excuse, judge, never_failed

REASON = "there is nothing of that kind here"
EXCUSE = Excuse(REASON, ("Method not found", "unknown"))
GOOD = Check("ping", "ping", "SUCCESS")
BAD = Check("prompts-list", "prompts-list", "FAILURE", "Method not found")
WARNED = Check("caching", "ttl", "WARNING", "no ttlMs")


@pytest.mark.parametrize("unmet", [BAD, WARNED], ids=lambda check: check.status)
def test_an_unmet_check_that_nobody_expects_is_a_surprise_and_names_the_check(unmet: Check) -> None:
    verdict = judge([GOOD, unmet], {})
    assert (verdict.passed, verdict.unexpected) == (["ping"], [unmet.scenario])
    assert verdict.surprises == [f"{unmet.name} is {unmet.status}: {unmet.message}"]


@pytest.mark.parametrize("entry", ["prompts-list", "prompts-list:prompts-list"])
def test_an_expected_failure_is_no_surprise(entry: str) -> None:
    verdict = judge([BAD], {entry: EXCUSE})
    assert (verdict.expected, verdict.surprises, verdict.used) == (["prompts-list"], [], {entry})


@pytest.mark.parametrize("entry", ["ping", "ping:ping"])
def test_an_expected_failure_that_passes_is_a_surprise(entry: str) -> None:
    verdict = judge([GOOD, Check("ping", "wire-schema-valid", "SUCCESS")], {entry: EXCUSE})
    assert verdict.unexpected == ["ping"]
    assert verdict.surprises == [f"{entry} passes and is expected to fail: {REASON}"]


def test_an_excused_check_does_not_excuse_its_neighbour() -> None:
    other = Check("prompts-list", "other", "FAILURE", "broken")
    assert judge([BAD, other], {BAD.name: EXCUSE}).surprises == ["prompts-list:other is FAILURE: broken"]


def test_a_scenario_of_which_only_excused_checks_failed_is_counted_apart() -> None:
    good = Check("prompts-list", "other", "SUCCESS")
    verdict = judge([BAD, good], {BAD.name: EXCUSE})
    assert (verdict.partly, verdict.passed, verdict.expected) == (["prompts-list"], [], [])


def test_an_excused_scenario_does_not_excuse_messages_that_break_the_schema() -> None:
    wire = Check("prompts-list", "wire-schema-valid", "FAILURE", "no id")
    assert judge([BAD, wire], {"prompts-list": EXCUSE}).surprises == [f"{wire.name} is FAILURE: no id"]


def test_a_check_that_failed_once_and_passed_once_has_failed() -> None:
    assert judge([GOOD, Check("ping", "ping", "FAILURE", "late")], {}).unexpected == ["ping"]


@pytest.mark.parametrize("status", ["INFO", "SKIPPED"])
def test_a_scenario_that_asked_nothing_is_not_counted_as_passed(status: str) -> None:
    verdict = judge([Check("sse", "sse", status), Check("sse", "wire-schema-valid", "SUCCESS")], {})
    assert (verdict.passed, verdict.silent, verdict.surprises) == ([], ["sse"], [])


def test_an_expected_failure_in_other_words_is_a_surprise() -> None:
    crashed = Check("prompts-list", "prompts-list", "FAILURE", "HTTP 500")
    assert judge([crashed], {"prompts-list": EXCUSE}).surprises == ["prompts-list:prompts-list is FAILURE: HTTP 500"]


def test_an_entry_that_no_run_needs_is_named() -> None:
    baseline = {"prompts-list": EXCUSE, "gone": EXCUSE}
    assert never_failed([judge([BAD], baseline)], baseline) == ["gone is expected to fail and did not in any run"]


@pytest.mark.parametrize(
    "text",
    [
        "- {says: [unknown], failures: [ping]}",
        "- {reason: '', says: [unknown], failures: [ping]}",
        "- {reason: 'no', says: [unknown], failures: [ping]}",
        f"- {{reason: {REASON}, failures: [ping]}}",
        f"- {{reason: {REASON}, says: [''], failures: [ping]}}",
        f"- {{reason: {REASON}, says: [unknown], failures: []}}",
        f"- {{reason: {REASON}, says: [unknown], failures: [ping, ping]}}",
        "[ping]",
    ],
)
def test_a_baseline_without_a_reason_or_words_or_with_an_entry_twice_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"reason|says|failures|twice|Group"):
        parse_baseline(text)
