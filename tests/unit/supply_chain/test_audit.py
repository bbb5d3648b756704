"""The audit says that all is well only where somebody who knows was asked about everything."""

from typing import Any

import pytest

from supply_chain.audit import CLEAN, NOT_CHECKED, VULNERABLE, Answer, disbelief, judge
from supply_chain.latest import judged, pinned

CLEAN_ONE = {"name": "aiohttp", "version": "3.14.5", "vulns": []}
BAD_ONE = {"name": "x", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
SKIPPED = {"name": "y", "version": "2", "skip_reason": "Dependency not found on PyPI and could not be audited"}


@pytest.mark.parametrize("answer", ["no answer", [], [{"name": "jinja2", "version": "2.10", "vulns": []}], [SKIPPED]])
def test_a_service_that_does_not_know_what_everybody_knows_is_not_believed(answer: Answer) -> None:
    assert disbelief(answer)


def test_a_service_that_knows_it_is_believed() -> None:
    assert disbelief([BAD_ONE]) == ""


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ([CLEAN_ONE], CLEAN),
        ([CLEAN_ONE, BAD_ONE], VULNERABLE),
        ([SKIPPED, BAD_ONE], VULNERABLE),
        ([CLEAN_ONE, SKIPPED], NOT_CHECKED),
        ([SKIPPED], NOT_CHECKED),
        ([], NOT_CHECKED),
        ("ConnectionError", NOT_CHECKED),
    ],
)
def test_only_an_answer_about_everything_is_clean(answer: Answer, code: int) -> None:
    assert judge(answer).code == code


def test_what_was_not_checked_is_named_and_what_was_is_counted() -> None:
    outcome = judge([CLEAN_ONE, SKIPPED])
    assert outcome.checked == 1
    assert "y 2" in outcome.complaints[0]


def page(version: str, *vulnerabilities: dict[str, Any]) -> dict[str, Any]:
    return {"info": {"version": version}, "vulnerabilities": list(vulnerabilities)}


KNOWN = {"id": "PYSEC-1", "fixed_in": ["1.1"], "withdrawn": None}


@pytest.mark.parametrize(
    ("version", "found", "expected"),
    [
        ("1", page("1"), {"vulns": []}),
        ("1", page("1", KNOWN), {"vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}),
        ("1", page("1", {**KNOWN, "withdrawn": "2026-01-01"}), {"vulns": []}),
        ("1", page("2"), {"skip_reason": "the newest is 2"}),
        ("1", {"info": {"version": "1"}}, {"skip_reason": "the newest is 1"}),
        ("1", {}, {"skip_reason": "the newest is None"}),
    ],
)
def test_a_page_speaks_of_the_newest_release_only(
    version: str, found: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert judged("x", version, found) == {"name": "x", "version": version, **expected}


def test_requirements_are_read_with_markers_and_hashes() -> None:
    text = (
        'a==1.0 \\\n    --hash=sha256:ab\nb-c==2.1.post1 ; sys_platform == "win32" \\\n    --hash=sha256:cd\n# d==3\n'
    )
    assert pinned(text) == {"a": "1.0", "b-c": "2.1.post1"}
