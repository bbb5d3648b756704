"""The endpoint that Keycloak posts logout tokens to, before a stand-in for the realm's keys, over real HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from ext_authz.ended_sessions import EndedSessions
from ext_authz.health import Health
from ext_authz.http_app import make_http_app
from ext_authz.keycloak_keys import OLD_SECONDS, PAUSE_SECONDS, KeycloakKeys
from ext_authz.logout_http import MAX_BODY_BYTES, PATH, LogoutEndpoint
from ext_authz.metrics import Metrics
from ext_authz.workers.siblings import NoSiblings
from ext_authz.workers.summing import whole_exposition
from jwcrypto.jwk import JWK

from tests.support.authz import ISSUER, FakeClock, claims, until
from tests.support.behaviours import serving_app
from tests.support.logout import key_set, logout_claims, logout_token, signing_key

pytestmark = pytest.mark.covers("O18")
SESSION = claims(session="session-1", issued_at=1.0)


@dataclass
class FakeRealm:
    """Publishes ``keys``, counts how often it is asked, can be slow (until ``gate`` is set), and can be away."""

    keys: list[JWK] = field(default_factory=list)
    asked: int = 0
    status: int = 200
    gate: asyncio.Event | None = None

    async def handle(self, request: web.Request) -> web.Response:
        self.asked += 1
        published = key_set(*self.keys).export(private_keys=False)
        if self.gate:
            await self.gate.wait()
        return web.Response(status=self.status, text=published)


@dataclass
class FakeObserver:
    outcomes: list[tuple[str, int]] = field(default_factory=list)

    def logout(self, outcome: str, remembered: int) -> None:
        self.outcomes.append((outcome, remembered))


@dataclass
class Bench:
    url: str
    http: aiohttp.ClientSession
    realm: FakeRealm
    ended: EndedSessions
    observer: FakeObserver
    clock: FakeClock

    async def post(self, token: str) -> tuple[int, str]:
        return await self.post_body({"logout_token": token})

    async def post_body(self, body: object) -> tuple[int, str]:
        async with self.http.post(self.url + PATH, data=body) as response:
            assert response.headers["Cache-Control"] == "no-store"
            return response.status, await response.text()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    realm, ended, observer, clock = FakeRealm([signing_key()]), EndedSessions(), FakeObserver(), FakeClock()
    keycloak = web.Application()
    keycloak.router.add_get("/realms/mcp-gateway/protocol/openid-connect/certs", realm.handle)
    async with serving_app(keycloak) as url, aclosing(_keys(url, clock)) as keys:
        endpoint = LogoutEndpoint(keys, ended, ISSUER, observer)
        app = make_http_app(dict, Health(()), whole_exposition(Metrics().exposition, NoSiblings()))
        app.router.add_post(PATH, endpoint.handle)
        async with serving_app(app) as own, aiohttp.ClientSession() as http:
            yield Bench(own, http, realm, ended, observer, clock)


def _keys(keycloak_url: str, clock: FakeClock) -> KeycloakKeys:
    async def sleep(seconds: float) -> None:
        clock.seconds += seconds

    return KeycloakKeys(keycloak_url, "mcp-gateway", clock=clock, sleep=sleep)


async def test_a_logout_token_ends_its_session(bench: Bench) -> None:
    assert (await bench.post(logout_token(bench.realm.keys[0])))[0] == 200
    assert bench.ended.covers(SESSION)
    assert bench.observer.outcomes == [("accepted", 1)]


async def test_a_forged_token_ends_none_and_is_told_what_is_wrong(bench: Bench) -> None:
    status, text = await bench.post(logout_token(signing_key()))
    assert status == 400
    assert "not a JWT that this realm signed" in text
    assert not bench.ended.covers(SESSION)
    assert bench.observer.outcomes == [("refused", 0)]


async def test_the_keys_are_fetched_once_and_again_when_the_realm_has_a_new_one(bench: Bench) -> None:
    old, new = bench.realm.keys[0], signing_key("key-2")
    for _ in range(3):
        await bench.post(logout_token(old))
    assert bench.realm.asked == 1
    bench.realm.keys.append(new)
    bench.clock.seconds += 10
    assert (await bench.post(logout_token(new)))[0] == 200
    assert bench.realm.asked == 2


async def test_a_key_that_the_realm_made_a_moment_after_a_fetch_is_not_refused(bench: Bench) -> None:
    """Keycloak posts each logout once, so it waits until the keys may be fetched again."""
    began = bench.clock.seconds
    await bench.post(logout_token(bench.realm.keys[0]))
    new = signing_key("key-2")
    bench.realm.keys.append(new)
    assert (await bench.post(logout_token(new)))[0] == 200
    assert bench.realm.asked == 2
    assert bench.clock.seconds - began == PAUSE_SECONDS


async def test_a_key_that_the_realm_made_during_a_fetch_is_found_by_the_next(bench: Bench) -> None:
    gate = bench.realm.gate = asyncio.Event()
    early = asyncio.create_task(bench.post(logout_token(bench.realm.keys[0])))
    await until(lambda: bench.realm.asked == 1)
    new = signing_key("key-2")
    bench.realm.keys.append(new)
    late = asyncio.create_task(bench.post(logout_token(new)))
    gate.set()
    assert [(await early)[0], (await late)[0]] == [200, 200]


async def test_invented_key_ids_do_not_make_us_ask_keycloak_each_time(bench: Bench) -> None:
    began = bench.clock.seconds
    invented = [logout_token(signing_key(f"key-{number + 2}")) for number in range(5)]
    for token in invented:
        assert (await bench.post(token))[0] == 400
    assert bench.clock.seconds - began == PAUSE_SECONDS * (bench.realm.asked - 1)


async def test_who_names_a_known_key_does_not_wait_for_those_who_invent_some(bench: Bench) -> None:
    known = bench.realm.keys[0]
    await bench.post(logout_token(known))
    gate = bench.realm.gate = asyncio.Event()
    tokens = [logout_token(signing_key(f"key-{number + 2}")) for number in range(20)]
    invented = [asyncio.create_task(bench.post(token)) for token in tokens]
    await until(lambda: bench.realm.asked == 2)
    assert (await bench.post(logout_token(known)))[0] == 200
    assert bench.realm.asked == 2, "the fetch for the invented ones is still under way"
    gate.set()
    assert [status for status, _ in await asyncio.gather(*invented)] == [400] * 20
    assert bench.realm.asked < 10, "one fetch serves all who wait for it"


async def test_a_withdrawn_key_ends_no_session_ten_minutes_later(bench: Bench) -> None:
    withdrawn = bench.realm.keys[0]
    await bench.post(logout_token(withdrawn))
    bench.realm.keys = [signing_key("key-2")]
    bench.clock.seconds += OLD_SECONDS
    assert (await bench.post(logout_token(withdrawn, logout_claims(sid="session-2"))))[0] == 400
    assert not bench.ended.covers(claims(session="session-2", issued_at=1.0))


@pytest.mark.covers("F6")
async def test_while_old_keys_cannot_be_fetched_anew_a_logout_still_counts(bench: Bench) -> None:
    await bench.post(logout_token(bench.realm.keys[0]))
    bench.clock.seconds += OLD_SECONDS
    bench.realm.status = 500
    assert (await bench.post(logout_token(bench.realm.keys[0], logout_claims(sid="session-2"))))[0] == 200
    assert bench.realm.asked == 2
    assert bench.ended.covers(claims(session="session-2", issued_at=1.0))


@pytest.mark.covers("F6")
async def test_while_the_keys_cannot_be_fetched_the_answer_is_503_and_later_it_works(bench: Bench) -> None:
    bench.realm.status = 500
    assert (await bench.post(logout_token(bench.realm.keys[0])))[0] == 503
    bench.realm.status = 200
    assert (await bench.post(logout_token(bench.realm.keys[0])))[0] == 200
    assert [outcome for outcome, _ in bench.observer.outcomes] == ["unavailable", "accepted"]


@pytest.mark.covers("S12", "S9")
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "not one logout_token"),
        ({"token": "x"}, "not one logout_token"),
        ([("logout_token", "a"), ("logout_token", "b")], "not one logout_token"),
        (b'{"logout_token": "x"}', "not a form"),
        ({"logout_token": "x" * (MAX_BODY_BYTES + 1)}, "too large"),
        ({f"field-{number}": "x" for number in range(11)}, "not a form"),
    ],
)
async def test_a_body_that_is_no_such_form_is_400(bench: Bench, body: object, said: str) -> None:
    status, text = await bench.post_body(body)
    assert (status, said in text) == (400, True), text


async def test_other_methods_are_405(bench: Bench) -> None:
    async with bench.http.get(bench.url + PATH) as response:
        assert response.status == 405


async def test_a_token_issued_long_ago_cannot_be_replayed(bench: Bench) -> None:
    status, _ = await bench.post(logout_token(bench.realm.keys[0], logout_claims(iat=1_700_000_000, exp=...)))
    assert status == 400


@pytest.mark.covers("S5", "F19")
async def test_a_replay_within_minutes_lets_nothing_in_that_a_later_logout_ended(bench: Bench) -> None:
    """What makes it safe to take a token of some minutes ago: it can only say again what it said."""
    now = int(time.time())
    earlier, later = (logout_claims(iat=at, exp=at + 120) for at in (now - 300, now))
    for members in (earlier, later, earlier):
        assert (await bench.post(logout_token(bench.realm.keys[0], members)))[0] == 200
    assert bench.ended.covers(claims(session="session-1", issued_at=float(now)))
    assert not bench.ended.covers(claims(session="session-1", issued_at=float(now + 60))), "an offline token's"
