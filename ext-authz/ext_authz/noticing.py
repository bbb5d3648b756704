"""The health service of a process that stops without failing a request: who asks is told first, and has time to notice.

Envoy asks once a second (envoy/envoy.yaml, cluster ext_authz) and sends nothing more to whoever is not SERVING. Until
it has asked, requests come, and are served.
"""

import asyncio
import time
from typing import Any

from grpc_health.v1 import health  # type: ignore[import-untyped]

NOTICE_SECONDS = 2.5
"""Envoy's interval and its timeout, and what a busy machine adds."""

ASKED_LATELY_SECONDS = 3.0
"""Where nobody has asked for so long, nobody would notice."""


class NoticingHealth(health.aio.HealthServicer):  # type: ignore[misc]  # its base has no types
    """grpc.health.v1.Health, which remembers that it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self._asked_at: float | None = None

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        self._asked_at = time.monotonic()
        return await super().Check(request, context)

    async def leave(self, at_once: asyncio.Event) -> None:
        """Say NOT_SERVING, and return when those who ask have noticed; where nobody asks, or ``at_once``, directly."""
        await self.enter_graceful_shutdown()
        if self._asked_at is None or time.monotonic() - self._asked_at > ASKED_LATELY_SECONDS:
            return
        try:
            async with asyncio.timeout(NOTICE_SECONDS):
                await at_once.wait()
        except TimeoutError:
            return
