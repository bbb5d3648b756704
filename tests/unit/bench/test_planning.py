"""The worked example takes its costs from what was measured, and is not there until all of it was."""

from typing import Any

import pytest

from bench.measure.through_envoy import OURS
from bench.planning import costs, one_core, per_user, plans

FOUND: dict[str, Any] = {
    "through-envoy": {"rows": [{"name": OURS, "cpu_us": {"authorizer": 300.0, "envoy": 200.0}}]},
    "cold-tokens": {
        "client": {"cpu_us": {"median": 700.0}},
        "many_tokens": {"keycloak_us": 3000.0, "issuing_us": 6000.0},
    },
    "growth": {
        "tokens": [
            {"at": 1, "resident_mib": 100.0},
            {"at": 1_000, "resident_mib": 100.0},
            {"at": 100_000, "resident_mib": 100.0 + 99_000 / 1024},
        ]
    },
}


def test_a_cached_token_costs_what_memory_grew_by_from_a_thousand_on() -> None:
    found = costs(FOUND)
    assert found is not None
    assert found.token_kib == pytest.approx(1)
    assert (found.authorizer_us, found.envoy_us, found.introspecting_us, found.keycloak_us) == (300, 200, 700, 3000)


@pytest.mark.parametrize("part", list(FOUND))
def test_without_one_of_the_parts_there_is_no_plan(part: str) -> None:
    assert plans({name: found for name, found in FOUND.items() if name != part}) == []


def test_a_core_carries_as_many_as_fit_into_a_second() -> None:
    assert dict(one_core(FOUND))["Keycloak: introspections"] == "333"


def test_a_user_is_asked_about_at_each_call_or_once_in_three_quarters_of_the_ttl() -> None:
    assert per_user()[0] == ("0", "1.00", "6.00", "60.0", "600")
    assert per_user()[1] == ("5", "1.00", "6.00", "16.0", "16.0")
