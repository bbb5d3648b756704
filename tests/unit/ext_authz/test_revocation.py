"""How long a token that is no longer good can still pass, to the second."""

import asyncio

import pytest
from ext_authz.claims import Claims
from ext_authz.ended_sessions import KEPT_SECONDS, LEEWAY_SECONDS
from ext_authz.introspection import (
    MOST_REFRESHES,
    REFRESH_EARLIEST,
    REFRESH_LATEST,
    REFRESH_URGENT,
    refresh_after,
)
from ext_authz.verdict import Reason

from tests.support.authz import NOW, FakeAuthorizationServer, answer, unavailable, until
from tests.unit.ext_authz.test_introspection import Bench

INACTIVE = {"active": False}


@pytest.mark.covers("S5", "O18")
async def test_a_cached_token_is_refused_at_once_when_its_session_ends() -> None:
    bench = Bench(FakeAuthorizationServer())
    assert isinstance(await bench.ask(), Claims)
    bench.ended.end(session="session-1", subject=None, at=NOW)
    assert await bench.ask() is Reason.SESSION_ENDED
    assert len(bench.server.tokens) == 1


@pytest.mark.covers("S5", "O18")
async def test_an_answer_that_was_on_its_way_when_the_session_ended_allows_nothing() -> None:
    gate = asyncio.Event()
    bench = Bench(FakeAuthorizationServer(gate=gate))
    waiting = asyncio.create_task(bench.ask())
    await until(lambda: bench.observer.misses == 1)
    bench.ended.end(session="session-1", subject=None, at=NOW)
    gate.set()
    assert await waiting is Reason.SESSION_ENDED


@pytest.mark.covers("O18")
async def test_without_a_cache_an_ended_session_is_refused_as_well() -> None:
    bench = Bench(FakeAuthorizationServer(), ttl=0)
    bench.ended.end(session="session-1", subject=None, at=NOW)
    assert await bench.ask() is Reason.SESSION_ENDED


@pytest.mark.covers("O18")
@pytest.mark.parametrize("ended", [{"session": "session-2", "subject": None}, {"session": None, "subject": "user-2"}])
async def test_the_end_of_another_session_or_of_another_user_s_changes_nothing(ended: dict[str, str | None]) -> None:
    bench = Bench(FakeAuthorizationServer())
    bench.ended.end(**ended, at=NOW)
    assert isinstance(await bench.ask(), Claims)


@pytest.mark.covers("O18")
async def test_a_logout_without_a_session_ends_all_of_the_user_s() -> None:
    bench = Bench(FakeAuthorizationServer())
    bench.ended.end(session=None, subject="user-1", at=NOW)
    assert await bench.ask() is Reason.SESSION_ENDED


@pytest.mark.covers("O17", "O18")
@pytest.mark.parametrize(("seconds", "passes"), [(LEEWAY_SECONDS, False), (LEEWAY_SECONDS + 1, True)])
async def test_an_offline_token_brings_tokens_that_outlive_the_logout(seconds: float, passes: bool) -> None:
    bench = Bench(FakeAuthorizationServer(answer(iat=int(NOW + seconds))))
    bench.ended.end(session="session-1", subject=None, at=NOW)
    assert isinstance(await bench.ask(), Claims) is passes


@pytest.mark.covers("S5", "O18")
@pytest.mark.parametrize("whose", [{"session": "session-1", "subject": None}, {"session": None, "subject": "user-1"}])
async def test_an_older_logout_that_comes_late_lets_nothing_in_again(whose: dict[str, str | None]) -> None:
    bench = Bench(FakeAuthorizationServer())
    bench.ended.end(**whose, at=NOW)
    bench.ended.end(**whose, at=NOW - 300)
    assert await bench.ask() is Reason.SESSION_ENDED


@pytest.mark.covers("F19", "O18")
async def test_however_wrong_keycloak_s_clock_an_ended_session_is_remembered_for_as_long_by_ours() -> None:
    for minutes in (-600, 600):
        at = NOW + 60 * minutes
        bench = Bench(FakeAuthorizationServer(answer(iat=int(at - 60))))
        bench.ended.end(session="session-1", subject=None, at=at)
        bench.clock.seconds += KEPT_SECONDS - 1
        assert await bench.ask() is Reason.SESSION_ENDED
        bench.clock.seconds += 1
        assert isinstance(await bench.ask(), Claims)


@pytest.mark.covers("O18")
async def test_an_ended_session_is_forgotten_when_no_token_of_it_can_live() -> None:
    bench = Bench(FakeAuthorizationServer())
    bench.ended.end(session="session-1", subject=None, at=NOW)
    assert len(bench.ended) == 1
    bench.clock.seconds += KEPT_SECONDS
    assert isinstance(await bench.ask(), Claims)
    assert len(bench.ended) == 0


@pytest.mark.covers("S5")
async def test_an_answer_ages_from_the_moment_at_which_it_was_asked_for() -> None:
    gate = asyncio.Event()
    bench = Bench(FakeAuthorizationServer(gate=gate))
    waiting = asyncio.create_task(bench.ask())
    await until(lambda: bench.observer.misses == 1)
    bench.clock.seconds += 3  # a slow answer: what it says may be three seconds old
    gate.set()
    assert isinstance(await waiting, Claims)
    bench.server.answer = INACTIVE
    bench.clock.seconds += 2
    assert await bench.ask() is Reason.TOKEN_INACTIVE


@pytest.mark.covers("S5")
async def test_a_request_joins_no_question_that_is_older_than_the_ttl() -> None:
    gate = asyncio.Event()
    bench = Bench(FakeAuthorizationServer(gate=gate), ttl=1)
    early = asyncio.create_task(bench.ask())
    await until(lambda: bench.observer.misses == 1)
    bench.clock.seconds += 1
    late = asyncio.create_task(bench.ask())
    await until(lambda: bench.observer.misses == 2)
    gate.set()
    assert isinstance(await early, Claims)
    assert isinstance(await late, Claims)
    assert len(bench.server.tokens) == 2


@pytest.mark.covers("S5")
async def test_a_token_in_use_is_asked_about_before_its_answer_ends_and_never_waits() -> None:
    bench = Bench(FakeAuthorizationServer())
    await bench.ask()
    gate = bench.server.gate = asyncio.Event()
    bench.clock.seconds += 5 * REFRESH_LATEST
    assert isinstance(await bench.ask(), Claims)
    assert isinstance(await bench.ask(), Claims)
    assert bench.observer.refreshes == 1
    await until(lambda: len(bench.server.tokens) == 2)
    gate.set()
    await until(lambda: len(bench.observer.outcomes) == 2)
    bench.clock.seconds += 5 * REFRESH_LATEST - 0.1
    assert isinstance(await bench.ask(), Claims)
    assert bench.observer.misses == 1


@pytest.mark.covers("S5", "F20")
def test_tokens_that_came_together_are_not_asked_about_together() -> None:
    parts = {refresh_after(bytes([first]) + bytes(31)) for first in range(256)}
    assert len(parts) == 256
    assert (min(parts), max(parts)) == (REFRESH_EARLIEST, REFRESH_LATEST)


@pytest.mark.covers("S5", "F20")
async def test_a_few_tokens_are_asked_about_ahead_at_once_and_all_whose_answer_is_about_to_end() -> None:
    bench = Bench(FakeAuthorizationServer())
    tokens = [f"token-{number}" for number in range(4 * MOST_REFRESHES)]
    for token in tokens:
        await bench.ask(token)
    gate = bench.server.gate = asyncio.Event()
    bench.clock.seconds += 5 * REFRESH_LATEST
    for token in tokens:
        assert isinstance(await bench.ask(token), Claims)
    assert bench.observer.refreshes == MOST_REFRESHES
    bench.clock.seconds += 5 * (REFRESH_URGENT - REFRESH_LATEST)
    for token in tokens:
        assert isinstance(await bench.ask(token), Claims)
    assert bench.observer.refreshes == len(tokens)
    gate.set()
    await until(lambda: len(bench.observer.outcomes) == 2 * len(tokens))
    bench.clock.seconds += 5 * REFRESH_LATEST
    await bench.ask(tokens[0])
    assert bench.observer.refreshes == len(tokens) + 1, "those that have landed make room"


@pytest.mark.covers("S5")
async def test_a_refusal_learnt_ahead_counts_at_once() -> None:
    bench = Bench(FakeAuthorizationServer())
    await bench.ask()
    bench.server.answer = INACTIVE
    bench.clock.seconds += 5 * REFRESH_LATEST
    assert isinstance(await bench.ask(), Claims)
    await until(lambda: len(bench.observer.outcomes) == 2)
    assert await bench.ask() is Reason.TOKEN_INACTIVE


@pytest.mark.covers("F6")
async def test_while_the_server_is_away_a_cached_answer_lives_to_its_ttl_and_no_longer() -> None:
    bench = Bench(FakeAuthorizationServer())
    await bench.ask()
    bench.server.answer = unavailable()
    bench.clock.seconds += 4.9
    assert isinstance(await bench.ask(), Claims)
    await until(lambda: bench.observer.outcomes == ["active", "unreachable"])
    bench.clock.seconds += 0.1
    with pytest.raises(type(unavailable())):
        await bench.ask()


async def test_an_answer_that_had_to_go_is_counted() -> None:
    bench = Bench(FakeAuthorizationServer(), size=2)
    for token in ("a", "b", "c"):
        await bench.ask(token)
    assert bench.observer.evictions == 1


@pytest.mark.covers("S18")
async def test_a_refusal_that_had_to_go_for_another_is_counted_as_well() -> None:
    bench = Bench(FakeAuthorizationServer(INACTIVE), size=2)
    for number in range(3):
        await bench.ask(f"token-{number}")
    assert bench.observer.evictions == 1


@pytest.mark.covers("S18")
@pytest.mark.parametrize("ttl", [0.0, 5.0])
async def test_an_address_that_brings_too_many_invalid_tokens_must_wait_and_the_server_is_not_asked(ttl: float) -> None:
    bench = Bench(FakeAuthorizationServer(INACTIVE), ttl=ttl, failures_per_minute=3)
    verdicts = [await bench.ask(f"token-{number}") for number in range(4)]
    assert verdicts == [Reason.TOKEN_INACTIVE] * 3 + [Reason.TOO_MANY_FAILURES]
    assert len(bench.server.tokens) == 3
    assert await bench.ask("token-9", "192.0.2.2") is Reason.TOKEN_INACTIVE
    bench.clock.seconds += 20
    assert await bench.ask("token-4") is Reason.TOKEN_INACTIVE


@pytest.mark.covers("S18")
async def test_good_tokens_are_never_limited_and_known_ones_pass_beside_a_flood() -> None:
    bench = Bench(FakeAuthorizationServer(), failures_per_minute=3)
    assert all([isinstance(await bench.ask(f"good-{number}"), Claims) for number in range(50)])
    bench.server.answer = INACTIVE
    for number in range(10):
        await bench.ask(f"bad-{number}")
    assert isinstance(await bench.ask("good-1"), Claims)


@pytest.mark.covers("S18")
async def test_the_same_invalid_token_again_and_again_counts_once() -> None:
    bench = Bench(FakeAuthorizationServer(INACTIVE), failures_per_minute=3)
    assert {await bench.ask() for _ in range(20)} == {Reason.TOKEN_INACTIVE}
