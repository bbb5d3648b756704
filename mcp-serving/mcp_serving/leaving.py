"""Stopping without a failed request: /health says 503 first, and the door closes when whoever asks must have noticed.

Envoy asks every two seconds (envoy/envoy.yaml, http_health) and sends nothing more to a server that answers 503. Until
it has asked, requests come, and are served.
"""

import asyncio
import signal
import time

from aiohttp import web

NOTICE_SECONDS = 2.5
"""Envoy's interval, and a moment for it to act. Others may ask too, so having answered one is not enough."""

LONGEST_NOTICE_SECONDS = 5.0
"""Where nobody has asked since: a check of Envoy's was lost, and the next comes two seconds after its timeout."""

ASKED_LATELY_SECONDS = 5.0
"""Where nobody has asked for so long, nobody would notice."""


class Leaving:
    """What a server was told by signals, and the health that follows from it.

    The first SIGTERM asks for a stop in good order. One more, or SIGINT (a person at a terminal), is for at once.
    """

    def __init__(self) -> None:
        self._asked_at: float | None = None
        self._is_told = asyncio.Event()
        self._at_once = asyncio.Event()

    def listen(self) -> None:
        """To the signals of this process."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._terminate)
        loop.add_signal_handler(signal.SIGINT, self._interrupt)

    async def told(self) -> None:
        """Returns when a stop was asked for."""
        await self._is_told.wait()

    async def noticed(self) -> None:
        """Returns when those who ask for the health know of it; where nobody asks, directly."""
        if self._asked_at is None or time.monotonic() - self._asked_at > ASKED_LATELY_SECONDS:
            return
        told_at = time.monotonic()
        if await self._within(NOTICE_SECONDS) or self._asked_at > told_at:
            return
        await self._within(LONGEST_NOTICE_SECONDS - NOTICE_SECONDS)

    async def health(self, _: web.Request) -> web.Response:
        """For GET /health."""
        self._asked_at = time.monotonic()
        if self._is_told.is_set():
            return web.json_response({"status": "stopping"}, status=503)
        return web.json_response({"status": "ok"})

    async def _within(self, seconds: float) -> bool:
        """Whether it shall be at once; asked for in this time, or before."""
        try:
            async with asyncio.timeout(seconds):
                return await self._at_once.wait()
        except TimeoutError:
            return False

    def _terminate(self) -> None:
        (self._at_once if self._is_told.is_set() else self._is_told).set()

    def _interrupt(self) -> None:
        self._is_told.set()
        self._at_once.set()
