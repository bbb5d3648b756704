"""The load generator's own verdicts: a suite that rests on them must be able to fail."""

import pytest

from tests.support.load import Answer, Ask, Load

GOOD = Ask("good", True, dict)
BAD = Ask("bad", False, dict)


def load_with(*answers: tuple[Ask, float, int]) -> Load:
    """Each was answered a tenth of a second after it was sent."""
    load = Load()
    load.answers += [Answer(ask, sent, sent + 0.1, status) for ask, sent, status in answers]
    return load


@pytest.mark.parametrize("status", [200, 202, 204])
def test_a_request_that_must_not_pass_and_was_answered_with_success_is_found(status: int) -> None:
    load = load_with((GOOD, 1, 200), (BAD, 2, 401), (BAD, 3, status), (BAD, 4, 0))
    assert [answer.sent_at for answer in load.unauthorized_allows()] == [3]


def test_the_mix_counts_statuses_by_kind_from_a_moment_on() -> None:
    load = load_with((GOOD, 1, 200), (GOOD, 2, 503), (BAD, 2, 401), (GOOD, 3, 503))
    assert load.mix(since=2) == {"good": {503: 2}, "bad": {401: 1}}


def test_it_has_healed_when_the_last_unbroken_row_of_good_answers_begins() -> None:
    load = load_with((GOOD, 1, 503), (GOOD, 2, 200), (BAD, 2.5, 401), (GOOD, 3, 0), (GOOD, 5, 200), (GOOD, 4, 200))
    assert load.healed_after(0.5) == pytest.approx(3.6)


def test_what_never_failed_heals_at_once_and_what_still_fails_has_not_healed() -> None:
    assert load_with((GOOD, 1, 200), (BAD, 2, 401)).healed_after(0) == 0
    with pytest.raises(AssertionError, match="no authorized request"):
        load_with((GOOD, 1, 200), (GOOD, 2, 503)).healed_after(0)
