"""Says of a run of the suite what passed, what failed as expected, and what is a surprise. Pure: no process, no file.

A baseline maps an expected failure to its excuse. ``scenario`` excuses every check of that scenario but the wire's
schema, which each message keeps whatever it says; ``scenario:check`` excuses one check. What is excused must fail, and
in the words that the excuse names: a crash is no missing feature.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

UNMET = ("FAILURE", "WARNING")
"""The suite warns where a server does not do what it SHOULD; that needs a reason as well."""
WIRE = "wire-schema-"
"""Checks that the suite adds to every scenario. Alone they say nothing of what the scenario asks."""


@dataclass(frozen=True, slots=True)
class Check:
    scenario: str
    id: str
    status: str
    message: str = ""

    @property
    def name(self) -> str:
        return f"{self.scenario}:{self.id}"


@dataclass(frozen=True, slots=True)
class Excuse:
    """Why a check fails, and words of which its message has some."""

    reason: str
    says: tuple[str, ...]


Baseline = Mapping[str, Excuse]


@dataclass
class Verdict:
    """Scenarios by what became of them.

    ``partly``: some checks passed, those that failed were expected to. ``silent``: it asked nothing of this server.
    """

    passed: list[str] = field(default_factory=list)
    partly: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)


def judge(checks: Iterable[Check], baseline: Baseline) -> Verdict:
    """The verdict on one run."""
    verdict = Verdict()
    for scenario, own in _by_scenario(checks).items():
        surprises = [_failed(check) for check in own if _is_unmet(check) and not _is_excused(check, baseline)]
        surprises += _no_longer_failing(scenario, own, baseline)
        verdict.used |= {entry for check in own if _is_unmet(check) and (entry := _entry(check, baseline))}
        verdict.surprises += surprises
        getattr(verdict, "unexpected" if surprises else _kind(own)).append(scenario)
    return verdict


def never_failed(verdicts: Iterable[Verdict], baseline: Baseline) -> list[str]:
    """Entries of the baseline that no run of its target needed."""
    used = {entry for verdict in verdicts for entry in verdict.used}
    return [f"{entry} is expected to fail and did not in any run" for entry in baseline if entry not in used]


def _by_scenario(checks: Iterable[Check]) -> dict[str, list[Check]]:
    scenarios: dict[str, list[Check]] = {}
    for check in checks:
        scenarios.setdefault(check.scenario, []).append(check)
    return scenarios


def _is_unmet(check: Check) -> bool:
    return check.status in UNMET


def _is_excused(check: Check, baseline: Baseline) -> bool:
    entry = _entry(check, baseline)
    return bool(entry) and any(words in check.message for words in baseline[entry].says)


def _entry(check: Check, baseline: Baseline) -> str:
    if check.name in baseline:
        return check.name
    return check.scenario if check.scenario in baseline and not check.id.startswith(WIRE) else ""


def _no_longer_failing(scenario: str, own: list[Check], baseline: Baseline) -> list[str]:
    """An entry whose checks ran, none of them unmet: it must be taken out, so that a later failure is noticed."""
    stale = []
    for entry in baseline.keys() & {scenario, *(check.name for check in own)}:
        about = [check for check in own if entry == check.name or (entry == scenario and not check.id.startswith(WIRE))]
        if any(check.status == "SUCCESS" for check in about) and not any(map(_is_unmet, about)):
            stale.append(f"{entry} passes and is expected to fail: {baseline[entry].reason}")
    return sorted(stale)


def _kind(own: list[Check]) -> str:
    told = any(check.status == "SUCCESS" and not check.id.startswith(WIRE) for check in own)
    if any(map(_is_unmet, own)):
        return "partly" if told else "expected"
    return "passed" if told else "silent"


def _failed(check: Check) -> str:
    return f"{check.name} is {check.status}: {check.message}"
