"""Asks the authorization server about a token as rarely as the policy on freshness allows.

Between a request and the server stand: a cache, a single flight per token, and a deadline. What never stands there is a
guess: where the server does not answer, ``AuthorizationServerUnavailable`` is raised and nothing is remembered.
"""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ext_authz.claims import Claims, UnreadableAnswer, read_claims
from ext_authz.expiring_lru import ExpiringLru
from ext_authz.verdict import Reason

Introspected = Claims | Reason

MAX_IN_FLIGHT = 4096
"""Distinct tokens being asked about at once. Beyond it requests are answered 503 at once, so that memory stays flat."""

FAILURE_LASTS_SECONDS = 10.0
"""How long a failed introspection speaks against the server, if no other has succeeded since."""

REFUSAL_LIFETIME_SECONDS = 1.0
"""How long a refusal is remembered, at most. Short: it must only blunt a client that repeats itself."""


class AuthorizationServerUnavailable(Exception):
    """The authorization server cannot be asked. ``cause`` is a short word for logs and metrics, never a body."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class AuthorizationServer(Protocol):
    """The port behind which python-keycloak stands."""

    async def introspect(self, token: str) -> Mapping[str, Any]:
        """The answer's members (RFC 7662 §2.2), unread.

        Raises:
            AuthorizationServerUnavailable: no answer, or one that is not an introspection answer.
        """
        ...


class CacheObserver(Protocol):
    """Told of what happens here. Metrics implement it."""

    def cache_hit(self, age_seconds: float) -> None: ...
    def cache_miss(self) -> None: ...
    def joined_flight(self) -> None: ...
    def introspected(self, outcome: str, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """``ttl_seconds`` bounds how long a revoked token still works; 0 asks for every request. ``size`` is in tokens."""

    ttl_seconds: float
    size: int
    deadline_seconds: float


class Introspection:
    """One per process. Keys are SHA-256 digests: no token is kept in memory longer than its own request."""

    def __init__(
        self,
        server: AuthorizationServer,
        issuer: str,
        settings: CacheSettings,
        observer: CacheObserver,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._server = server
        self._issuer = issuer
        self._settings = settings
        self._observer = observer
        self._clock = clock
        self._now = now
        self._has_succeeded = False
        self._failed_at: float | None = None
        self._claims: ExpiringLru[bytes, Claims] = ExpiringLru(settings.size, clock)
        # Apart from the good ones, so that a flood of bad tokens cannot push them out.
        self._refused: ExpiringLru[bytes, Reason] = ExpiringLru(settings.size, clock)
        self._flights: dict[bytes, asyncio.Task[Introspected]] = {}

    async def introspect(self, token: str) -> Introspected:
        """The token's claims, or why it is not good.

        Raises:
            AuthorizationServerUnavailable: the server did not answer properly within the deadline.
        """
        if self._settings.ttl_seconds <= 0:
            return await self._ask(token)
        key = hashlib.sha256(token.encode()).digest()
        if (known := self._claims.get(key)) is not None:
            self._observer.cache_hit(self._claims.age(known))
            return known.value
        if (refused := self._refused.get(key)) is not None:
            self._observer.cache_hit(self._refused.age(refused))
            return refused.value
        return await self._fly(key, token)

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
        for flight in list(self._flights.values()):
            flight.cancel()
        await asyncio.gather(*self._flights.values(), return_exceptions=True)

    async def _fly(self, key: bytes, token: str) -> Introspected:
        flight = self._flights.get(key)
        if flight is None:
            if len(self._flights) >= MAX_IN_FLIGHT:
                raise AuthorizationServerUnavailable("too_many_in_flight")
            self._observer.cache_miss()
            flight = asyncio.create_task(self._ask_and_remember(key, token))
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._landed(key, done))
        else:
            self._observer.joined_flight()
        # gRPC cancels a request's handler when Envoy gives up on it. The flight belongs to all who wait for it (and to
        # the cache), so one waiter's end must not end it.
        return await asyncio.shield(flight)

    def _landed(self, key: bytes, flight: asyncio.Task[Introspected]) -> None:
        del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # marks it as seen: all who waited may be gone

    async def _ask_and_remember(self, key: bytes, token: str) -> Introspected:
        introspected = await self._ask(token)
        ttl = self._settings.ttl_seconds
        if isinstance(introspected, Reason):
            self._refused.put(key, introspected, min(ttl, REFUSAL_LIFETIME_SECONDS))
        else:
            self._claims.put(key, introspected, min(ttl, introspected.expires_at - self._now()))
        return introspected

    async def _ask(self, token: str) -> Introspected:
        started = time.perf_counter()
        outcome = "cancelled"
        try:
            async with asyncio.timeout(self._settings.deadline_seconds):
                answer = await self._server.introspect(token)
            introspected = read_claims(answer, self._issuer)
            outcome = introspected.value if isinstance(introspected, Reason) else "active"
        except TimeoutError as error:
            outcome = "timeout"
            raise self._unavailable(outcome) from error
        except UnreadableAnswer as error:
            outcome = "unreadable"
            raise self._unavailable(outcome) from error
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
