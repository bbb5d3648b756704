"""Stops asking an authorization server that does not answer, for a second at a time.

Without it every request with a cold token would wait out the deadline, and a server that comes back would meet all of
them at once. While the circuit is open, one question a second is let through; the first answer closes it.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from circuitbreaker import STATE_HALF_OPEN, CircuitBreaker  # type: ignore[import-untyped]

from ext_authz.introspection import AuthorizationServer, AuthorizationServerUnavailable

FAILURES_TO_OPEN = 5
"""In a row. A single slow answer or dropped connection is no outage."""

OPEN_SECONDS = 1

TRIAL_SECONDS = 2.0
"""How long the one question may take by which a server that was away is tried."""


class GuardedAuthorizationServer:
    """An ``AuthorizationServer`` in front of another, with a deadline and a circuit breaker."""

    def __init__(self, server: AuthorizationServer, deadline_seconds: float) -> None:
        self._server = server
        self._deadline_seconds = deadline_seconds
        self._circuit = CircuitBreaker(FAILURES_TO_OPEN, OPEN_SECONDS, AuthorizationServerUnavailable, "introspection")
        self._is_being_tried = False

    async def introspect(self, token: str) -> Mapping[str, Any]:
        """See ``AuthorizationServer``."""
        if self._circuit.opened:
            raise AuthorizationServerUnavailable("circuit_open")
        if self._circuit.state != STATE_HALF_OPEN:
            return await self._ask(token, self._deadline_seconds)
        if self._is_being_tried:
            raise AuthorizationServerUnavailable("circuit_open")
        self._is_being_tried = True
        try:
            return await self._ask(token, min(self._deadline_seconds, TRIAL_SECONDS))
        finally:
            self._is_being_tried = False

    async def _ask(self, token: str, deadline_seconds: float) -> Mapping[str, Any]:
        # The outcome is told to the circuit afterwards: a question that was cancelled half-way says nothing.
        try:
            answer = await self._within(deadline_seconds, token)
        except AuthorizationServerUnavailable:
            with self._circuit:
                raise
        with self._circuit:
            return answer

    async def _within(self, deadline_seconds: float, token: str) -> Mapping[str, Any]:
        try:
            async with asyncio.timeout(deadline_seconds):
                return await self._server.introspect(token)
        except TimeoutError as error:
            raise AuthorizationServerUnavailable("timeout") from error
