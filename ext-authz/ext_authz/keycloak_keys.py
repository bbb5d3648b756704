"""The realm's public keys (RFC 7517), fetched when a token names one that is not known yet, and when they are old."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from jwcrypto.common import JWException
from jwcrypto.jwk import JWKSet

from ext_authz.introspection import AuthorizationServerUnavailable
from ext_authz.keycloak_transport import KeycloakHttp, TransportError

PAUSE_SECONDS = 2.0
"""Between two fetches, so that tokens with invented key ids cannot make us ask Keycloak all the time."""

DEADLINE_SECONDS = 3.0
"""With the pause no longer than Keycloak waits for the answer to a logout (5 s; it does not post it again)."""

OLD_SECONDS = 600.0
"""After this the keys are fetched again, so that one which the realm has withdrawn verifies no longer. Where that fails
those that are held go on: a refused logout lets a session in, and a withdrawn key can do no more than end one."""


class KeycloakKeys:
    """One for the process, made in its event loop."""

    def __init__(
        self,
        server_url: str,
        realm: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._url = f"{server_url.rstrip('/')}/realms/{realm}/protocol/openid-connect/certs"
        self._http = KeycloakHttp()
        self._clock = clock
        self._sleep = sleep
        self._fetching = asyncio.Lock()
        self._begun = 0
        self._failure: str | None = None
        self._keys = JWKSet()
        self._fetched_at: float | None = None

    async def for_key(self, kid: str | None) -> JWKSet:
        """All keys of the realm. If ``kid`` is not among them, the realm did not have it when this was called.

        Whoever names a known key waits only where the keys are old, never because others name keys that are unknown.

        Raises:
            AuthorizationServerUnavailable: it is not among those known, and Keycloak cannot be asked.
        """
        if self._knows(kid) and not self._are_old():
            return self._keys
        begun = self._begun
        async with self._fetching:
            # One fetch serves all who wait for it, but none who came when it had begun: it may have missed their key.
            if self._begun == begun:
                await self._refresh()
        if self._failure is not None and not self._knows(kid):
            raise AuthorizationServerUnavailable(self._failure)
        return self._keys

    async def aclose(self) -> None:
        await self._http.aclose()

    def _knows(self, kid: str | None) -> bool:
        return self._fetched_at is not None and kid is not None and bool(self._keys.get_keys(kid))

    def _are_old(self) -> bool:
        return self._fetched_at is not None and self._clock() - self._fetched_at >= OLD_SECONDS

    async def _refresh(self) -> None:
        if self._fetched_at is not None:
            await self._sleep(max(0.0, self._fetched_at + PAUSE_SECONDS - self._clock()))
        self._begun += 1
        self._failure = "cancelled"
        try:
            self._keys = await self._fetch()
        except AuthorizationServerUnavailable as failure:
            self._failure = failure.cause
        else:
            self._failure, self._fetched_at = None, self._clock()

    async def _fetch(self) -> JWKSet:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                response = await self._http.request("GET", self._url)
        except TimeoutError as error:
            raise AuthorizationServerUnavailable("timeout") from error
        except TransportError as error:
            raise AuthorizationServerUnavailable("unreachable") from error
        if response.status_code != HTTPStatus.OK:
            raise AuthorizationServerUnavailable(f"http_{response.status_code}")
        try:
            return JWKSet.from_json(response.content.decode())
        except (JWException, ValueError) as error:
            raise AuthorizationServerUnavailable("not_json") from error
