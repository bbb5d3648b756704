"""Stops asking an authorization server that does not answer, for a second at a time.

Without it every request with a cold token would wait out the deadline, and a server that comes back would meet all of
them at once. While the circuit is open, one question a second is let through; the first answer closes it.
"""

import asyncio
import math
import time
from collections.abc import Mapping
from typing import Any

from circuitbreaker import STATE_HALF_OPEN, CircuitBreaker  # type: ignore[import-untyped]

from ext_authz.introspection import AuthorizationServer, AuthorizationServerUnavailable, QuestionRefused

FAILURES_TO_OPEN = 5
"""In a row. A single slow answer or dropped connection is no outage."""

OPEN_SECONDS = 1
"""Between two trials of a server that was away. A trial may take the whole deadline, for a server that is slow is not
away, and the next one does not wait for it: one that hangs must not hide that the server is back."""


class GuardedAuthorizationServer:
    """An ``AuthorizationServer`` in front of another, with a deadline and a circuit breaker."""

    def __init__(self, server: AuthorizationServer, deadline_seconds: float) -> None:
        self._server = server
        self._deadline_seconds = deadline_seconds
        self._circuit = CircuitBreaker(FAILURES_TO_OPEN, OPEN_SECONDS, AuthorizationServerUnavailable, "introspection")
        self._tried_at = -math.inf

    async def introspect(self, token: str) -> Mapping[str, Any]:
        """See ``AuthorizationServer``."""
        if self._circuit.opened:
            raise AuthorizationServerUnavailable("circuit_open")
        if self._circuit.state != STATE_HALF_OPEN:
            return await self._ask(token)
        if time.monotonic() - self._tried_at < OPEN_SECONDS:
            raise AuthorizationServerUnavailable("circuit_open")
        self._tried_at = time.monotonic()
        return await self._ask(token)

    async def _ask(self, token: str) -> Mapping[str, Any]:
        # The outcome is told to the circuit afterwards: a question that was cancelled half-way says nothing, nor does
        # one that was refused for what it asks about.
        try:
            answer = await self._within(token)
        except QuestionRefused:
            raise
        except AuthorizationServerUnavailable:
            with self._circuit:
                raise
        with self._circuit:
            return answer

    async def _within(self, token: str) -> Mapping[str, Any]:
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await self._server.introspect(token)
        except TimeoutError as error:
            raise AuthorizationServerUnavailable("timeout") from error
