"""The realm's public keys (RFC 7517), fetched when a token names one that is not known yet."""

import asyncio
import time
from collections.abc import Callable
from http import HTTPStatus

from jwcrypto.common import JWException
from jwcrypto.jwk import JWKSet

from ext_authz.introspection import AuthorizationServerUnavailable
from ext_authz.keycloak_transport import KeycloakHttp, TransportError

PAUSE_SECONDS = 2.0
"""Between two fetches, so that tokens with invented key ids cannot make us ask Keycloak all the time."""

DEADLINE_SECONDS = 3.0


class KeycloakKeys:
    """One for the process, made in its event loop."""

    def __init__(self, server_url: str, realm: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = f"{server_url.rstrip('/')}/realms/{realm}/protocol/openid-connect/certs"
        self._http = KeycloakHttp()
        self._clock = clock
        self._fetching = asyncio.Lock()
        self._keys = JWKSet()
        self._fetched_at: float | None = None

    async def for_key(self, kid: str | None) -> JWKSet:
        """All keys of the realm, ``kid`` among them if the realm has it.

        Raises:
            AuthorizationServerUnavailable: it is not among those known, and Keycloak cannot be asked.
        """
        async with self._fetching:
            if not self._knows(kid) and self._may_fetch():
                self._keys = await self._fetch()
                self._fetched_at = self._clock()
            return self._keys

    async def aclose(self) -> None:
        await self._http.aclose()

    def _knows(self, kid: str | None) -> bool:
        return self._fetched_at is not None and kid is not None and bool(self._keys.get_keys(kid))

    def _may_fetch(self) -> bool:
        return self._fetched_at is None or self._clock() - self._fetched_at >= PAUSE_SECONDS

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
