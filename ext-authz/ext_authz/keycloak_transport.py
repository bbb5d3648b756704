"""The HTTP client that python-keycloak is given: httpx in front, aiohttp underneath.

The library speaks through httpx, whose own connection pool looks through all waiting requests whenever one ends, and
tries to import an absent module for each. 500 introspections at once took 3.5 s of CPU through it; through aiohttp's,
which is a queue, they take 0.6 s.
"""

import aiohttp
import httpx

from ext_authz.bounded_body import read_at_most

MAX_ANSWER_BYTES = 256 * 1024
"""An introspection answer is about 2 KiB."""

MAX_CONNECTIONS = 64
"""Connections to Keycloak, kept open between requests. What is more waits for one, within the caller's deadline."""


class AnswerTooLarge(httpx.TransportError):
    """The answer is longer than ``MAX_ANSWER_BYTES``."""


class ConnectionDropped(httpx.TransportError):
    """The connection ended before the answer was whole: often one that the server closed while it was idle."""


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Must be made, used and closed in one event loop. There are no timeouts here: the caller has a deadline."""

    def __init__(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            # A compressed answer could grow after it was counted: none is asked for (below), none is unpacked.
            auto_decompress=False,
            # Proxy variables and ~/.netrc are not obeyed: the client secret goes to KEYCLOAK_URL and nowhere else.
            trust_env=False,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends the request and reads the whole answer. Redirects are answers like any other.

        Raises:
            ConnectionDropped, AnswerTooLarge, httpx.ConnectError: as named.
        """
        headers = {name: value for name, value in request.headers.items() if name not in ("host", "accept-encoding")}
        try:
            async with self._session.request(
                request.method,
                str(request.url),
                data=await request.aread(),
                headers=headers | {"accept-encoding": "identity"},
                allow_redirects=False,
            ) as response:
                return httpx.Response(response.status, headers=dict(response.headers), content=await _bounded(response))
        except aiohttp.ClientConnectorError as error:
            raise httpx.ConnectError("no connection") from error
        except (aiohttp.ClientError, OSError) as error:
            raise ConnectionDropped("the connection was dropped") from error

    async def aclose(self) -> None:
        await self._session.close()


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    body = await read_at_most(response.content, MAX_ANSWER_BYTES)
    if body is None:
        raise AnswerTooLarge("the answer is too large")
    return body
