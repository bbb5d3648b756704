"""Asks the authorization server about a token as rarely as the policy on freshness allows.

Between a request and the server stand: a cache, a single flight per token, a limit on failures per address, and what is
known of ended sessions. What never stands there is a guess: where the server does not answer,
``AuthorizationServerUnavailable`` is raised and nothing is remembered.

The bound on freshness is exact: no answer is used for a request that arrives later than the TTL after the server was
*asked* for it, however long it took to answer.
"""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ext_authz.claims import Claims, UnreadableAnswer, read_claims
from ext_authz.ended_sessions import EndedSessions
from ext_authz.expiring_lru import ExpiringLru
from ext_authz.failure_limit import FailureLimit
from ext_authz.flights import Flights, TooManyFlights
from ext_authz.jose_header import names_no_algorithm
from ext_authz.verdict import Reason

Introspected = Claims | Reason

MAX_IN_FLIGHT = 4096
"""Distinct tokens being asked about at once. Beyond it requests are answered 503 at once, so that memory stays flat."""

FAILURE_LASTS_SECONDS = 10.0
"""How long a failed introspection speaks against the server, if no other has succeeded since."""

REFUSAL_LIFETIME_SECONDS = 1.0
"""How long a refusal is remembered, at most. Short: it must only blunt a client that repeats itself."""

REFRESH_EARLIEST, REFRESH_LATEST = 0.65, 0.85
"""Between these parts of the TTL a token that is still used is asked about again, while its cached answer serves on.
Each token has a part of its own: those that came together would else be asked about together for ever."""

REFRESH_URGENT = 0.9
MOST_REFRESHES = 4
"""At once, but for those whose answer is about to end: they share the cores with the requests that are waiting."""


Soon = Callable[[Callable[[], object]], object]
"""``call_soon_threadsafe`` of an event loop."""


class AuthorizationServerUnavailable(Exception):
    """The authorization server cannot be asked. ``cause`` is a short word for logs and metrics, never a body."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class QuestionRefused(AuthorizationServerUnavailable):
    """The authorization server answers, and would not say anything about this one token.

    Whether the token is to blame cannot be told, so its bearer is answered as in an outage. But it is counted as a
    failure of his, and not as one of the server: made-up tokens must not shut the door for everybody else.
    """


class AuthorizationServer(Protocol):
    """The port behind which python-keycloak stands."""

    async def introspect(self, token: str) -> Mapping[str, Any]:
        """The answer's members (RFC 7662 §2.2), unread, within a deadline of its own.

        Raises:
            QuestionRefused: it answers, but not about this token.
            AuthorizationServerUnavailable: no answer, or one that is not an introspection answer.
        """
        ...


class CacheObserver(Protocol):
    """Told of what happens here. Metrics implement it."""

    def cache_hit(self, age_seconds: float) -> None: ...
    def cache_miss(self) -> None: ...
    def joined_flight(self) -> None: ...
    def refreshed_ahead(self) -> None: ...
    def evicted(self) -> None: ...
    def introspected(self, outcome: str, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """``ttl_seconds`` bounds how long a revoked token still works; 0 asks for every request. ``size`` is in tokens.

    ``failures_per_minute`` is how many introspections of one address may find no token; 0 means any number.
    """

    ttl_seconds: float
    size: int
    failures_per_minute: int = 0


class Introspection:
    """One per process. Keys are SHA-256 digests: no token is kept in memory longer than its own request."""

    def __init__(
        self,
        server: AuthorizationServer,
        issuer: str,
        settings: CacheSettings,
        observer: CacheObserver,
        ended: EndedSessions,
        *,
        failures: FailureLimit | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        soon: Soon,
    ) -> None:
        """``soon`` brings a call from the thread in which ``known`` is called to the event loop of all the rest."""
        self._soon = soon
        self._server = server
        self._issuer = issuer
        self._ttl = settings.ttl_seconds
        self._earliest_refresh = REFRESH_EARLIEST * settings.ttl_seconds
        self._observer = observer
        self._ended = ended
        self._clock = clock
        self._now = now
        self._has_succeeded = False
        self._failed_at: float | None = None
        self._claims: ExpiringLru[bytes, Claims] = ExpiringLru(settings.size, clock)
        # Apart from the good ones, so that a flood of bad tokens cannot push them out.
        self._refused: ExpiringLru[bytes, Reason] = ExpiringLru(settings.size, clock)
        self._flights: Flights[bytes, Introspected] = Flights(MAX_IN_FLIGHT, clock)
        self._refreshing = 0
        self._failures = failures or FailureLimit(settings.failures_per_minute, clock=clock)

    async def introspect(self, token: str, address: str) -> Introspected:
        """The token's claims, or why it is not good. ``address`` is the client's.

        Raises:
            AuthorizationServerUnavailable: the server did not answer properly within the deadline.
        """
        if self._ttl <= 0:
            return self._unless_ended(self._limited(address) or await self._ask_counting(token, address))
        return self.known(token) or self._unless_ended(await self._fly(_key(token), token, address))

    def known(self, token: str) -> Introspected | None:
        """What ``introspect`` would answer if it need not wait. Nearly every request ends here, in any thread."""
        key = _key(token)
        if (found := self._claims.look_up(key)) is not None:
            claims, age = found
            if age >= self._earliest_refresh and age >= refresh_after(key) * self._ttl:
                is_urgent = age >= REFRESH_URGENT * self._ttl
                if self._may_refresh(key, is_urgent):
                    self._soon(lambda: self._refresh_ahead(key, token, is_urgent))
            self._observer.cache_hit(age)
            return self._unless_ended(claims)
        if (refusal := self._refused.look_up(key)) is not None:
            reason, age = refusal
            self._observer.cache_hit(age)
            return reason
        return None

    def _unless_ended(self, introspected: Introspected) -> Introspected:
        # Late: the answer may have been on its way, or in the cache, when the session ended.
        if isinstance(introspected, Claims) and self._ended.covers(introspected):
            return Reason.SESSION_ENDED
        return introspected

    async def works(self) -> bool:
        """Whether the server answers *us*: a wrong client secret is an outage too, though its port is open.

        Told by the requests' own introspections. Only before the first success is one made for the purpose, for each
        that finds no token leaves a warning in Keycloak's log.
        """
        if not self._has_succeeded:
            with contextlib.suppress(AuthorizationServerUnavailable):
                await self._ask("health-check")
        return self._failed_at is None or self._clock() - self._failed_at >= FAILURE_LASTS_SECONDS

    async def aclose(self) -> None:
        """End what is in flight."""
        await self._flights.aclose()

    async def _fly(self, key: bytes, token: str, address: str) -> Introspected:
        flight = self._flights.under_way(key, younger_than=self._ttl)
        if flight is not None:
            self._observer.joined_flight()
        elif limited := self._limited(address):
            return limited
        else:
            flight = self._start(key, token, address)
            self._observer.cache_miss()
        # gRPC cancels a request's handler when Envoy gives up on it. The flight belongs to all who wait for it (and to
        # the cache), so one waiter's end must not end it.
        return await asyncio.shield(flight)

    def _refresh_ahead(self, key: bytes, token: str, is_urgent: bool) -> None:
        """A token in constant use never waits: it is asked about before its cached answer ends."""
        # Still: it may have been asked about meanwhile, or asked for twice.
        found = self._claims.look_up(key)
        if (found is None or found[1] >= self._earliest_refresh) and self._may_refresh(key, is_urgent):
            with contextlib.suppress(AuthorizationServerUnavailable):
                self._start(key, token, None).add_done_callback(self._refreshed)
                self._refreshing += 1
                self._observer.refreshed_ahead()

    def _may_refresh(self, key: bytes, is_urgent: bool) -> bool:
        if self._refreshing >= MOST_REFRESHES and not is_urgent:
            return False  # a later request of the token will
        return self._flights.under_way(key, younger_than=self._ttl) is None

    def _refreshed(self, _: object) -> None:
        self._refreshing -= 1

    def _start(self, key: bytes, token: str, address: str | None) -> "asyncio.Task[Introspected]":
        try:
            return self._flights.start(key, lambda: self._ask_and_remember(key, token, address))
        except TooManyFlights:
            raise AuthorizationServerUnavailable("too_many_in_flight") from None

    async def _ask_and_remember(self, key: bytes, token: str, address: str | None) -> Introspected:
        asked_at, asked_on = self._clock(), self._now()
        introspected = await self._ask_counting(token, address)
        if isinstance(introspected, Reason):
            self._claims.drop(key)  # what was known before is no longer so
            if self._refused.put(key, introspected, min(self._ttl, REFUSAL_LIFETIME_SECONDS)):
                self._observer.evicted()
            return introspected
        lifetime = min(self._ttl, introspected.expires_at - asked_on)
        if self._claims.put(key, introspected, lifetime, since=asked_at):
            self._observer.evicted()
        return introspected

    def _limited(self, address: str) -> Reason | None:
        return Reason.TOO_MANY_FAILURES if self._failures.wait_seconds(address) else None

    async def _ask_counting(self, token: str, address: str | None) -> Introspected:
        """A failure counts against ``address``, where a client waits for the answer."""
        try:
            introspected = await self._ask(token)
        except QuestionRefused:
            self._count_failure(address)
            raise
        if isinstance(introspected, Reason):
            self._count_failure(address)
        return introspected

    def _count_failure(self, address: str | None) -> None:
        if address is not None:
            self._failures.failed(address)

    async def _ask(self, token: str) -> Introspected:
        if names_no_algorithm(token):
            return Reason.TOKEN_INACTIVE
        started = time.perf_counter()
        outcome = "cancelled"
        try:
            answer = await self._server.introspect(token)
            introspected = read_claims(answer, self._issuer)
            outcome = introspected.value if isinstance(introspected, Reason) else "active"
        except UnreadableAnswer as error:
            outcome = "unreadable"
            raise self._unavailable(outcome) from error
        except QuestionRefused as error:
            outcome = error.cause
            raise
        except AuthorizationServerUnavailable as error:
            outcome = error.cause
            raise self._unavailable(outcome) from error
        finally:
            self._observer.introspected(outcome, time.perf_counter() - started)
        self._has_succeeded, self._failed_at = True, None
        return introspected

    def _unavailable(self, cause: str) -> AuthorizationServerUnavailable:
        self._failed_at = self._clock()
        return AuthorizationServerUnavailable(cause)


def refresh_after(key: bytes) -> float:
    """The token's own part of the TTL, by its digest."""
    return REFRESH_EARLIEST + (REFRESH_LATEST - REFRESH_EARLIEST) * key[0] / 255


def _key(token: str) -> bytes:
    # Asked about any text, also such as UTF-8 has no bytes for: no token is one.
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
