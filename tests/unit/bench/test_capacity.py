"""The arithmetic of docs/capacity.md."""

import pytest
from ext_authz.introspection import REFRESH_EARLIEST, REFRESH_LATEST

from bench.capacity import REFRESH_AFTER, Costs, Demand, introspections_a_token, need, with_authorizers_enough

COSTS = Costs(authorizer_us=300, envoy_us=200, introspecting_us=1000, keycloak_us=3000, issuing_us=6000, token_kib=2)
A_MILLION = Demand(users=1_000_000, active=0.1, per_minute=6)


def test_a_million_users_of_whom_a_tenth_calls_six_times_a_minute_make_ten_thousand_requests_a_second() -> None:
    assert A_MILLION.per_second == 10_000


def test_cores_are_requests_and_introspections_times_what_each_costs() -> None:
    it = need(A_MILLION, COSTS, ttl_seconds=5)
    assert it.introspections == pytest.approx(10_000)  # one use in ten seconds: the answer has ended each time
    assert it.authorizer_cores == pytest.approx(10_000 * 300e-6 + 10_000 * 1000e-6)
    assert it.envoy_cores == pytest.approx(2)
    assert it.keycloak_cores == pytest.approx(30)


def test_a_busy_token_is_asked_about_no_more_often_than_it_is_refreshed() -> None:
    assert introspections_a_token(per_second=100, ttl_seconds=5) == pytest.approx(4 / 15)


def test_a_new_token_is_asked_about_however_long_answers_are_kept() -> None:
    assert introspections_a_token(100, 300) == pytest.approx(2 / 300)  # when it is new, and once before it ends


def test_each_authorizer_without_the_others_cache_asks_for_itself() -> None:
    assert introspections_a_token(100, 5, authorizers=3) == pytest.approx(4 / 5)


def test_a_rarely_used_token_is_asked_about_at_each_use() -> None:
    assert introspections_a_token(per_second=0.01, ttl_seconds=5, authorizers=9) == 0.01


def test_without_a_cache_every_request_asks() -> None:
    assert introspections_a_token(per_second=7, ttl_seconds=0) == 7


def test_the_cache_grows_with_tokens_and_with_authorizers() -> None:
    assert need(A_MILLION, COSTS, 5, authorizers=2).cache_mib == pytest.approx(2 * 100_000 * 2 / 1024)


def test_the_formula_refreshes_when_the_authorizer_does() -> None:
    assert pytest.approx((REFRESH_EARLIEST + REFRESH_LATEST) / 2) == REFRESH_AFTER


def test_new_tokens_are_one_in_five_minutes_of_each_user_at_work() -> None:
    assert need(A_MILLION, COSTS, 5).issuing_cores == pytest.approx(100_000 / 300 * 6000e-6)


def test_no_authorizer_has_more_than_half_of_its_core_to_do_and_one_less_would() -> None:
    it = with_authorizers_enough(A_MILLION, COSTS, ttl_seconds=30)
    assert it.authorizers == 26  # twice the 3 cores of the requests and the 10 of a question at each use
    assert need(A_MILLION, COSTS, 30, authorizers=25).authorizer_cores > 25 / 2


def test_few_users_need_one_authorizer() -> None:
    assert with_authorizers_enough(Demand(1000, 0.1, 6), COSTS, 5).authorizers == 1
