"""Passes a logout on: Keycloak posts it to one address, and several authorizers may stand behind it.

What is passed on is the signed logout token itself, and each one that gets it verifies it again, so no replica has to
trust another. It is marked, and what is marked is not passed on again. Posting it twice to the same one does no harm,
which is why nobody needs to know which of the addresses is its own.
"""

import asyncio
import socket
from collections.abc import Iterable, Sized
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp

MARK = "X-Logout-Passed-On"

WAIT_SECONDS = 0.5
"""How long Keycloak, and with it the user, waits for replicas that do not answer."""

GIVE_UP_SECONDS = 30.0
"""A replica that is starting is told as soon as it listens, which is before Envoy sends it a request. One that starts
later has an empty cache, and what it asks Keycloak then is answered after the logout was committed."""

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 1.0
POST_SECONDS = 3.0
"""A replica that does not know the key yet may have to pause before it asks Keycloak (keycloak_keys.py)."""

MOST_AT_ONCE = 100

Place = tuple[str, str]
"""A URL with an address in it, and the name that the address was found by."""


class SpreadObserver(Protocol):
    """Told of each replica that could not be told."""

    def logout(self, outcome: str, remembered: int) -> None: ...


class LogoutSpreading:
    """``urls`` are where replicas take logouts; every address that a name in them has is one."""

    def __init__(self, urls: Iterable[str], sessions: Sized, observer: SpreadObserver) -> None:
        self._urls = tuple(urls)
        self._sessions = sessions
        self._observer = observer
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def spread(self, token: str) -> None:
        """Returns when all know, or after ``WAIT_SECONDS``; the rest goes on."""
        task = asyncio.create_task(self._spread(token))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        await asyncio.wait({task}, timeout=WAIT_SECONDS)

    async def aclose(self) -> None:
        """End what is on its way."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    async def _spread(self, token: str) -> None:
        try:
            async with asyncio.timeout(GIVE_UP_SECONDS):
                places = await self._places()
                if len(places) == 1 and len(self._urls) == 1:
                    return  # it is where Keycloak has just posted to
                async with asyncio.TaskGroup() as group:
                    for place in places:
                        group.create_task(self._until_told(place, token))
        except TimeoutError:
            self._observer.logout("not_passed_on", len(self._sessions))

    async def _places(self) -> set[Place]:
        pause = FIRST_PAUSE
        while True:
            try:
                found = await asyncio.gather(*map(_addresses, self._urls))
            except OSError:  # the name does not resolve just now
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                return set().union(*found)

    async def _until_told(self, place: Place, token: str) -> None:
        pause = FIRST_PAUSE
        while not await self._is_told(place, token):
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _is_told(self, place: Place, token: str) -> bool:
        url, name = place
        posting = self._opened().post(
            url,
            data={"logout_token": token},
            headers={MARK: "1"},
            allow_redirects=False,
            server_hostname=name if url.startswith("https:") else None,
        )
        try:
            async with posting as response:
                return response.status in (200, 400)  # 400: the replica is of another realm, and stays so
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=MOST_AT_ONCE, force_close=True)
            timeout = aiohttp.ClientTimeout(total=POST_SECONDS)
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        return self._session


async def _addresses(url: str) -> set[Place]:
    parts = urlsplit(url)
    name, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    addresses = {str(entry[4][0]) for entry in found}
    shown = (f"[{address}]" if ":" in address else address for address in addresses)
    return {(f"{parts.scheme}://{address}:{port}{parts.path}", name) for address in shown}
