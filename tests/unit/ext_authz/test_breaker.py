"""A server that does not answer is left alone, and found again soon."""

import asyncio
import contextlib

import pytest
from ext_authz.breaker import FAILURES_TO_OPEN, OPEN_SECONDS, GuardedAuthorizationServer
from ext_authz.introspection import AuthorizationServerUnavailable, QuestionRefused

from tests.support.authz import FakeAuthorizationServer, answer, unavailable, until


async def fail(guarded: GuardedAuthorizationServer, times: int) -> list[str]:
    causes = []
    for _ in range(times):
        with pytest.raises(AuthorizationServerUnavailable) as caught:
            await guarded.introspect("token")
        causes.append(caught.value.cause)
    return causes


@pytest.mark.covers("F6")
async def test_after_five_failures_in_a_row_the_server_is_not_asked_any_more() -> None:
    server = FakeAuthorizationServer(unavailable())
    causes = await fail(GuardedAuthorizationServer(server, 4), FAILURES_TO_OPEN + 20)
    assert causes == ["unreachable"] * FAILURES_TO_OPEN + ["circuit_open"] * 20
    assert len(server.tokens) == FAILURES_TO_OPEN


@pytest.mark.covers("F6")
async def test_an_answer_in_between_starts_the_count_anew() -> None:
    server = FakeAuthorizationServer(unavailable())
    guarded = GuardedAuthorizationServer(server, 4)
    await fail(guarded, FAILURES_TO_OPEN - 1)
    server.answer = answer()
    await guarded.introspect("token")
    server.answer = unavailable()
    assert "circuit_open" not in await fail(guarded, FAILURES_TO_OPEN - 1)


@pytest.mark.covers("F6")
async def test_a_server_that_is_back_is_found_within_two_seconds() -> None:
    server = FakeAuthorizationServer(unavailable())
    guarded = GuardedAuthorizationServer(server, 4)
    await fail(guarded, FAILURES_TO_OPEN)
    server.answer = answer()
    found: dict[str, object] = {}
    async with asyncio.timeout(OPEN_SECONDS + 1):
        while not found:
            with contextlib.suppress(AuthorizationServerUnavailable):
                found = dict(await guarded.introspect("token"))
            await asyncio.sleep(0.05)
    assert found["active"] is True


@pytest.mark.covers("F6", "F7")
async def test_a_server_that_was_away_is_tried_with_one_question_at_a_time() -> None:
    server = FakeAuthorizationServer(unavailable())
    guarded = GuardedAuthorizationServer(server, 4)
    await fail(guarded, FAILURES_TO_OPEN)
    server.answer, server.gate = answer(), asyncio.Event()
    await asyncio.sleep(OPEN_SECONDS)
    waiting = [asyncio.create_task(guarded.introspect("token")) for _ in range(50)]
    await until(lambda: sum(task.done() for task in waiting) == 49)
    assert len(server.tokens) == FAILURES_TO_OPEN + 1
    server.gate.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert sum(isinstance(result, dict) for result in results) == 1
    assert (await guarded.introspect("token"))["active"] is True


@pytest.mark.covers("F7")
async def test_a_trial_may_take_as_long_as_any_question_and_the_next_does_not_wait_for_it() -> None:
    server = FakeAuthorizationServer(unavailable())
    guarded = GuardedAuthorizationServer(server, 30)
    await fail(guarded, FAILURES_TO_OPEN)
    server.answer, server.gate = answer(), asyncio.Event()
    await asyncio.sleep(OPEN_SECONDS)
    slow = asyncio.create_task(guarded.introspect("token"))
    await until(lambda: len(server.tokens) == FAILURES_TO_OPEN + 1)
    await asyncio.sleep(OPEN_SECONDS + 0.1)
    another = asyncio.create_task(guarded.introspect("token"))
    await until(lambda: len(server.tokens) == FAILURES_TO_OPEN + 2)
    await asyncio.sleep(OPEN_SECONDS)
    assert not slow.done()
    server.gate.set()
    assert (await slow)["active"] is True
    assert (await another)["active"] is True
    assert (await guarded.introspect("token"))["active"] is True


@pytest.mark.covers("S4", "S18")
async def test_questions_that_are_refused_for_their_token_do_not_open_the_circuit() -> None:
    server = FakeAuthorizationServer(QuestionRefused("http_400"))
    guarded = GuardedAuthorizationServer(server, 4)
    assert await fail(guarded, FAILURES_TO_OPEN + 20) == ["http_400"] * (FAILURES_TO_OPEN + 20)
    server.answer = answer()
    assert (await guarded.introspect("token"))["active"] is True


@pytest.mark.covers("S4", "S18")
async def test_nor_do_they_close_it() -> None:
    server = FakeAuthorizationServer(unavailable())
    guarded = GuardedAuthorizationServer(server, 4)
    await fail(guarded, FAILURES_TO_OPEN)
    await asyncio.sleep(OPEN_SECONDS)
    server.answer = QuestionRefused("http_400")
    assert await fail(guarded, 2) == ["http_400", "circuit_open"]


@pytest.mark.covers("F7")
async def test_a_server_that_does_not_answer_within_the_deadline_is_unavailable() -> None:
    guarded = GuardedAuthorizationServer(FakeAuthorizationServer(gate=asyncio.Event()), 0.02)
    assert await fail(guarded, FAILURES_TO_OPEN + 1) == ["timeout"] * FAILURES_TO_OPEN + ["circuit_open"]


@pytest.mark.covers("F6")
async def test_clients_that_go_away_neither_open_nor_close_the_circuit() -> None:
    server = FakeAuthorizationServer(gate=asyncio.Event())
    guarded = GuardedAuthorizationServer(server, 4)
    for _ in range(FAILURES_TO_OPEN + 1):
        asking = asyncio.create_task(guarded.introspect("token"))
        count = len(server.tokens)
        await until(lambda before=count: len(server.tokens) > before)  # type: ignore[misc]
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    assert len(server.tokens) == FAILURES_TO_OPEN + 1
