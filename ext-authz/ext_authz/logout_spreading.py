"""Passes a logout on: Keycloak posts it to one address, and several authorizers may stand behind it.

What is passed on is the signed logout token itself, and each one that gets it verifies it again, so no replica has to
trust another. It is marked, and what is marked is not passed on again. Posting it twice to the same one does no harm,
which is why nobody needs to know which of the addresses is its own. Nothing is posted only where there is one address
in all, the one that Keycloak posts to, and it is this machine's: so it is where one authorizer runs alone.
"""

import asyncio
import ipaddress
import math
import socket
import time
from collections.abc import Awaitable, Callable, Iterable, Sized
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp

from ext_authz.flights import Flights

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

LookUp = Callable[[str, int], Awaitable[set[str]]]
"""From a name and a port to the addresses behind it. Raises OSError where it finds none."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one replica takes logouts. ``url`` has the ``address`` in it that was found by ``name``."""

    url: str
    name: str
    address: str


class SpreadObserver(Protocol):
    """Told of each logout that could not be passed on to all."""

    def logout(self, outcome: str, remembered: int) -> None: ...


async def look_up_by_system(name: str, port: int) -> set[str]:
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return {str(entry[4][0]) for entry in found}


class LogoutSpreading:
    """``urls`` are where replicas take logouts; every address that a name in them has is one.

    ``told_at`` is where Keycloak posts to.
    """

    def __init__(
        self,
        urls: Iterable[str],
        told_at: str,
        sessions: Sized,
        observer: SpreadObserver,
        *,
        look_up: LookUp = look_up_by_system,
        give_up_seconds: float = GIVE_UP_SECONDS,
    ) -> None:
        self._urls = tuple(dict.fromkeys(urls))
        self._told_at = told_at
        self._sessions = sessions
        self._observer = observer
        self._look_up = look_up
        self._look_ups: Flights[tuple[str, int], set[str]] = Flights(len(self._urls) + 1, time.monotonic)
        self._give_up_seconds = give_up_seconds
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
        await self._look_ups.aclose()
        if self._session:
            await self._session.close()

    async def _spread(self, token: str) -> None:
        try:
            async with asyncio.timeout(self._give_up_seconds), asyncio.TaskGroup() as group:
                for url in self._urls:  # each by itself: one whose name does not resolve holds up no other
                    group.create_task(self._tell_all_at(url, token))
        except TimeoutError:
            self._observer.logout("not_passed_on", len(self._sessions))

    async def _tell_all_at(self, url: str, token: str) -> None:
        places = await self._places(url)
        if self._urls == (self._told_at,) and len(places) == 1 and is_own(places[0].address):
            return  # there is nobody else
        async with asyncio.TaskGroup() as group:
            for place in places:
                group.create_task(self._until_told(place, token))

    async def _places(self, url: str) -> list[Place]:
        parts = urlsplit(url)
        name, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        addresses = await self._until_found(name, port)
        shown = {address: f"[{address}]" if ":" in address else address for address in addresses}
        return [Place(f"{parts.scheme}://{shown[one]}:{port}{parts.path}", name, one) for one in shown]

    async def _until_found(self, name: str, port: int) -> set[str]:
        # One look-up at a time for each name, however many logouts wait for it: there are few threads for them, and a
        # name server that hangs would take those that other names, Keycloak's among them, are looked up with.
        key, pause = (name, port), FIRST_PAUSE
        while True:
            look_up = self._look_ups.under_way(key, younger_than=math.inf)
            try:
                return await asyncio.shield(look_up or self._look_ups.start(key, lambda: self._look_up(name, port)))
            except (OSError, UnicodeError):  # the name does not resolve just now, or is none
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    async def _until_told(self, place: Place, token: str) -> None:
        pause = FIRST_PAUSE
        while not await self._is_told(place, token):
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _is_told(self, place: Place, token: str) -> bool:
        posting = self._opened().post(
            place.url,
            data={"logout_token": token},
            headers={MARK: "1"},
            allow_redirects=False,
            server_hostname=place.name if place.url.startswith("https:") else None,
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


def is_own(address: str) -> bool:
    """Whether ``address`` is this machine's: what is sent to it would come from it. (Connecting UDP sends nothing.)

    A doubtful one, as 127.0.0.2, is not: to post to oneself does no harm, and not to post to another would.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
            source: str = probe.getsockname()[0]
            return ipaddress.ip_address(source) == ipaddress.ip_address(address)
    except (OSError, ValueError):
        return False
