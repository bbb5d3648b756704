"""How often the authorization server is asked, and what is remembered."""

import asyncio

import pytest
from ext_authz.claims import Claims
from ext_authz.ended_sessions import EndedSessions
from ext_authz.introspection import (
    FAILURE_LASTS_SECONDS,
    MAX_IN_FLIGHT,
    REFRESH_LATEST,
    AuthorizationServerUnavailable,
    CacheSettings,
    Introspection,
    QuestionRefused,
)
from ext_authz.verdict import Reason

from tests.support.authz import (
    ISSUER,
    NOW,
    TOKEN,
    FakeAuthorizationServer,
    FakeClock,
    FakeObserver,
    answer,
    directly,
    unavailable,
    until,
)


class Bench:
    """An ``Introspection`` over a fake server, with its clock and observer."""

    def __init__(
        self,
        server: FakeAuthorizationServer,
        *,
        ttl: float = 5,
        size: int = 100,
        failures_per_minute: int = 0,
        threads: bool = False,
    ) -> None:
        self.server = server
        self.clock = FakeClock()
        self.observer = FakeObserver()
        self.ended = EndedSessions(clock=self.clock)
        self.introspection = Introspection(
            server,
            ISSUER,
            CacheSettings(ttl, size, failures_per_minute),
            self.observer,
            self.ended,
            clock=self.clock,
            now=lambda: NOW,
            soon=asyncio.get_running_loop().call_soon_threadsafe if threads else directly,
        )

    async def ask(self, token: str = TOKEN, address: str = "192.0.2.1") -> Claims | Reason:
        return await self.introspection.introspect(token, address)


@pytest.mark.covers("S5", "F20")
async def test_what_is_known_is_told_in_another_thread_and_asked_about_ahead_once_on_the_event_loop() -> None:
    bench = Bench(FakeAuthorizationServer(), threads=True)
    await bench.ask()
    bench.clock.seconds += 5 * REFRESH_LATEST
    asked = [asyncio.to_thread(bench.introspection.known, TOKEN) for _ in range(20)]
    assert all(isinstance(introspected, Claims) for introspected in await asyncio.gather(*asked))
    await until(lambda: len(bench.server.tokens) == 2)
    assert bench.observer.refreshes == 1
    bench.clock.seconds += 5 * (1 - REFRESH_LATEST)  # the first answer has ended
    assert isinstance(await asyncio.to_thread(bench.introspection.known, TOKEN), Claims)
    assert len(bench.server.tokens) == 2


@pytest.mark.covers("A2", "S5")
async def test_a_good_token_is_asked_about_again_only_when_the_ttl_is_over() -> None:
    bench = Bench(FakeAuthorizationServer())
    assert isinstance(await bench.ask(), Claims)
    bench.clock.seconds += 4.9
    assert isinstance(await bench.ask(), Claims)
    assert len(bench.server.tokens) == 1
    bench.clock.seconds += 0.1
    bench.server.answer = {"active": False}
    assert await bench.ask() is Reason.TOKEN_INACTIVE
    assert len(bench.server.tokens) == 2


@pytest.mark.covers("A4", "S4")
async def test_nothing_is_remembered_beyond_the_token_s_own_expiry() -> None:
    bench = Bench(FakeAuthorizationServer(answer(exp=NOW + 2)))
    await bench.ask()
    bench.clock.seconds += 1.9
    await bench.ask()
    assert len(bench.server.tokens) == 1
    bench.clock.seconds += 0.1
    await bench.ask()
    assert len(bench.server.tokens) == 2


@pytest.mark.covers("S5")
async def test_with_a_ttl_of_0_every_request_is_asked_about_even_at_the_same_time() -> None:
    bench = Bench(FakeAuthorizationServer(), ttl=0)
    await asyncio.gather(*(bench.ask() for _ in range(5)))
    await bench.ask()
    assert len(bench.server.tokens) == 6


@pytest.mark.covers("F20")
async def test_500_concurrent_requests_with_one_cold_token_make_one_introspection() -> None:
    gate = asyncio.Event()
    bench = Bench(FakeAuthorizationServer(gate=gate))
    requests = [asyncio.create_task(bench.ask()) for _ in range(500)]
    await until(lambda: bench.observer.joins == 499)
    gate.set()
    assert all(isinstance(result, Claims) for result in await asyncio.gather(*requests))
    assert len(bench.server.tokens) == 1
    assert bench.observer.misses == 1


@pytest.mark.covers("F20")
async def test_a_cancelled_waiter_does_not_end_the_introspection_of_the_others() -> None:
    gate = asyncio.Event()
    bench = Bench(FakeAuthorizationServer(gate=gate))
    first, second = asyncio.create_task(bench.ask()), asyncio.create_task(bench.ask())
    await until(lambda: bench.observer.joins == 1)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    gate.set()
    assert isinstance(await second, Claims)
    assert len(bench.server.tokens) == 1


@pytest.mark.covers("F20")
async def test_an_answer_that_nobody_waits_for_any_more_is_remembered_all_the_same() -> None:
    gate = asyncio.Event()
    bench = Bench(FakeAuthorizationServer(gate=gate))
    only = asyncio.create_task(bench.ask())
    await until(lambda: bench.observer.misses == 1)
    only.cancel()
    gate.set()
    await until(lambda: bench.observer.outcomes == ["active"])
    assert isinstance(await bench.ask(), Claims)
    assert len(bench.server.tokens) == 1


@pytest.mark.covers("F6", "F8")
async def test_an_outage_is_told_to_all_who_wait_and_remembered_for_none() -> None:
    gate = asyncio.Event()
    bench = Bench(FakeAuthorizationServer(unavailable(), gate=gate))
    waiting = [asyncio.create_task(bench.ask()) for _ in range(3)]
    await until(lambda: bench.observer.joins == 2)
    gate.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, AuthorizationServerUnavailable) for result in results)
    bench.server.answer = answer()
    assert isinstance(await bench.ask(), Claims)


@pytest.mark.covers("F8")
async def test_an_answer_that_breaks_the_rfc_is_an_outage_and_not_a_bad_token() -> None:
    bench = Bench(FakeAuthorizationServer(answer(active="true")))
    with pytest.raises(AuthorizationServerUnavailable) as caught:
        await bench.ask()
    assert caught.value.cause == "unreadable"


@pytest.mark.covers("S18")
async def test_a_refusal_is_remembered_for_a_second_only() -> None:
    bench = Bench(FakeAuthorizationServer({"active": False}))
    assert await bench.ask() is Reason.TOKEN_INACTIVE
    assert await bench.ask() is Reason.TOKEN_INACTIVE
    assert len(bench.server.tokens) == 1
    bench.clock.seconds += 1
    bench.server.answer = answer()
    assert isinstance(await bench.ask(), Claims)


@pytest.mark.covers("S18")
async def test_a_flood_of_bad_tokens_pushes_out_no_good_one() -> None:
    bench = Bench(FakeAuthorizationServer(), size=10)
    await bench.ask()
    bench.server.answer = {"active": False}
    for number in range(100):
        await bench.ask(f"bad-{number}")
    bench.server.tokens.clear()
    assert isinstance(await bench.ask(), Claims)
    assert bench.server.tokens == []


@pytest.mark.covers("S18")
async def test_the_least_recently_used_token_is_forgotten_first() -> None:
    bench = Bench(FakeAuthorizationServer(), size=2)
    for token in ("a", "b", "a", "c"):
        await bench.ask(token)
    bench.server.tokens.clear()
    await bench.ask("a")
    assert bench.server.tokens == []
    await bench.ask("b")
    assert bench.server.tokens == ["b"]


@pytest.mark.covers("S9", "S18")
async def test_introspections_in_flight_are_bounded() -> None:
    gate = asyncio.Event()
    bench = Bench(FakeAuthorizationServer(gate=gate))
    flights = [asyncio.create_task(bench.ask(f"token-{number}")) for number in range(MAX_IN_FLIGHT)]
    await until(lambda: bench.observer.misses == MAX_IN_FLIGHT)
    with pytest.raises(AuthorizationServerUnavailable) as caught:
        await bench.ask("one more")
    assert caught.value.cause == "too_many_in_flight"
    gate.set()
    await asyncio.gather(*flights)


@pytest.mark.covers("S19")
async def test_no_token_is_kept() -> None:
    bench = Bench(FakeAuthorizationServer())
    await bench.ask("a-secret-token")
    kept = vars(bench.introspection)["_claims"]
    assert len(kept) == 1
    assert "a-secret-token" not in repr(vars(kept))


async def test_what_happens_is_told_to_the_observer() -> None:
    bench = Bench(FakeAuthorizationServer())
    await bench.ask()
    bench.clock.seconds += 2
    await bench.ask()
    assert (bench.observer.misses, bench.observer.ages, bench.observer.outcomes) == (1, [2.0], ["active"])


@pytest.mark.covers("F5")
async def test_closing_ends_what_is_in_flight() -> None:
    bench = Bench(FakeAuthorizationServer(gate=asyncio.Event()))
    waiting = asyncio.create_task(bench.ask())
    await until(lambda: bench.observer.misses == 1)
    await bench.introspection.aclose()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert bench.observer.outcomes == ["cancelled"]


@pytest.mark.covers("F10")
async def test_whether_the_server_works_is_asked_once_and_then_told_by_requests() -> None:
    bench = Bench(FakeAuthorizationServer({"active": False}))
    assert await bench.introspection.works()
    assert await bench.introspection.works()
    assert bench.server.tokens == ["health-check"]


@pytest.mark.covers("F10")
async def test_a_refused_secret_shows_before_any_request_and_so_does_its_mending() -> None:
    bench = Bench(FakeAuthorizationServer(unavailable("http_401")))
    assert not await bench.introspection.works()
    assert not await bench.introspection.works()
    bench.server.answer = {"active": False}
    assert await bench.introspection.works()


@pytest.mark.covers("F6", "F8")
async def test_a_failure_speaks_against_the_server_until_a_success_or_for_a_while() -> None:
    bench = Bench(FakeAuthorizationServer())
    await bench.ask("a")
    bench.server.answer = unavailable()
    with pytest.raises(AuthorizationServerUnavailable):
        await bench.ask("b")
    assert not await bench.introspection.works()
    bench.server.answer = answer()
    await bench.ask("b")
    assert await bench.introspection.works()
    bench.server.answer = unavailable()
    with pytest.raises(AuthorizationServerUnavailable):
        await bench.ask("c")
    bench.clock.seconds += FAILURE_LASTS_SECONDS
    assert await bench.introspection.works()
    assert "health-check" not in bench.server.tokens


@pytest.mark.covers("S4")
@pytest.mark.parametrize("ttl", [0, 5])
async def test_a_jwt_that_names_no_algorithm_is_refused_without_asking(ttl: float) -> None:
    bench = Bench(FakeAuthorizationServer(), ttl=ttl)
    assert await bench.ask("e30.e30.") is Reason.TOKEN_INACTIVE
    assert bench.server.tokens == []


@pytest.mark.covers("S4", "S18")
@pytest.mark.parametrize("ttl", [0, 5])
async def test_a_token_that_the_server_says_nothing_about_counts_against_its_bearer_and_not_against_the_server(
    ttl: float,
) -> None:
    bench = Bench(FakeAuthorizationServer(), ttl=ttl, failures_per_minute=3)
    await bench.ask()
    bench.server.answer = QuestionRefused("http_400")
    for number in range(3):
        with pytest.raises(AuthorizationServerUnavailable):
            await bench.ask(f"strange-{number}", "198.51.100.7")
    assert await bench.ask("strange-4", "198.51.100.7") is Reason.TOO_MANY_FAILURES
    assert await bench.introspection.works()
    bench.server.answer = answer()
    assert isinstance(await bench.ask("another", "192.0.2.1"), Claims)


@pytest.mark.covers("F8")
async def test_a_good_token_that_the_server_says_nothing_about_any_more_serves_to_its_ttl() -> None:
    """It may be the server's own trouble, as when it has lost its database."""
    bench = Bench(FakeAuthorizationServer())
    await bench.ask()
    bench.server.answer = QuestionRefused("http_400")
    bench.clock.seconds += 4
    assert isinstance(await bench.ask(), Claims)
    bench.clock.seconds += 1.1
    with pytest.raises(AuthorizationServerUnavailable):
        await bench.ask()
