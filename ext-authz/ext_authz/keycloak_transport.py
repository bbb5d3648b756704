"""The HTTP client for Keycloak, which python-keycloak is given too: aiohttp, with bounds of our own.

The library's own client is httpx. Its connection pool looks through all waiting requests whenever one ends, and its
models of a request, a response and their headers cost more than sending and reading them: an introspection takes three
times the CPU through it. The library asks of its client no more than ``request`` and ``aclose``, so these are here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp.abc import AbstractResolver

from ext_authz.bounded_body import read_at_most

MAX_ANSWER_BYTES = 256 * 1024
"""An introspection answer is about 2 KiB."""

MAX_CONNECTIONS = 64
"""Connections to Keycloak, kept open between requests. What is more waits for one, within the caller's deadline."""

RESOLVED_SECONDS = 1
"""How long a name's address is kept: a Keycloak that comes back at another address is found within this time."""


class TransportError(Exception):
    """No whole answer came."""


class NoConnection(TransportError):
    """The name does not resolve, or nobody listens."""


class AnswerTooLarge(TransportError):
    """The answer is longer than ``MAX_ANSWER_BYTES``."""


class ConnectionDropped(TransportError):
    """The connection ended before the answer was whole: often one that the server closed while it was idle."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, by the names under which python-keycloak reads one."""

    status_code: int
    content: bytes

    def json(self) -> Any:
        """Raises ValueError where it is none."""
        return json.loads(self.content)


class KeycloakHttp:
    """Must be made, used and closed in one event loop. There are no timeouts here: the caller has a deadline.

    Names are looked up by ``resolver``, as the system does it where None is given.
    """

    def __init__(self, resolver: AbstractResolver | None = None) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=MAX_CONNECTIONS, ttl_dns_cache=RESOLVED_SECONDS, resolver=resolver or aiohttp.DefaultResolver()
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            # A compressed answer could grow after it was counted: none is asked for, none is unpacked.
            auto_decompress=False,
            headers={"accept-encoding": "identity"},
            # Proxy variables and ~/.netrc are not obeyed: the client secret goes to KEYCLOAK_URL and nowhere else.
            trust_env=False,
        )

    async def request(
        self,
        method: str,
        url: str,
        *,
        data: Mapping[str, str] | None = None,
        content: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        timeout: None = None,  # noqa: ASYNC109, ARG002 - python-keycloak passes on what it was given: none
    ) -> Answer:
        """Send ``data`` as a form, or ``content`` as it is; read the whole answer. A redirect is one like any other.

        Raises:
            TransportError: as its kinds say.
        """
        if data is not None:
            content = urlencode(data)
            headers = {**(headers or {}), "content-type": "application/x-www-form-urlencoded"}
        try:
            async with self._session.request(
                method, url, data=content, headers=headers, params=params, allow_redirects=False
            ) as response:
                return Answer(response.status, await _bounded(response))
        except aiohttp.ClientConnectorError as error:
            raise NoConnection("no connection") from error
        except (aiohttp.ClientError, OSError) as error:
            raise ConnectionDropped("the connection was dropped") from error

    async def aclose(self) -> None:
        await self._session.close()


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    body = await read_at_most(response.content, MAX_ANSWER_BYTES)
    if body is None:
        raise AnswerTooLarge("the answer is too large")
    return body
