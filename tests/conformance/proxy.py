"""A proxy of the tests' own on loopback: it adds what the conformance suite cannot send, and changes nothing else.

That is a token, a trusted CA and a client's certificate; before a server that stands alone, the headers in which the
gateway would name a caller. Where a request names the proxy itself (Host, Origin), it names the target.
"""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

PATH = "/mcp"
HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade"})
"""They speak of one connection (RFC 9110 §7.6.1)."""
ADDED_BY_AIOHTTP = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


@dataclass(frozen=True)
class Way:
    """Where requests go, and what is added to them."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None


@asynccontextmanager
async def proxy_to(way: Way) -> AsyncIterator[str]:
    """A URL that leads ``way``."""
    connector = aiohttp.TCPConnector(ssl=way.tls or True, limit=0)
    async with aiohttp.ClientSession(
        connector=connector, auto_decompress=False, timeout=aiohttp.ClientTimeout()
    ) as session:
        app = web.Application(client_max_size=4 * 1024 * 1024)
        app.router.add_route("*", PATH, _Passing(session, way).handle)
        # A client that leaves must not go unnoticed at the target
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            yield f"http://localhost:{runner.addresses[0][1]}{PATH}"
        finally:
            await runner.cleanup()


class _Passing:
    def __init__(self, session: aiohttp.ClientSession, way: Way) -> None:
        self._session = session
        self._way = way

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read() if request.body_exists else None
        async with self._session.request(
            request.method,
            self._way.url,
            data=body,
            headers=self._headers(request),
            skip_auto_headers=ADDED_BY_AIOHTTP,
            allow_redirects=False,
        ) as answer:
            response = web.StreamResponse(
                status=answer.status, reason=answer.reason, headers=_end_to_end(answer.headers)
            )
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
            return response

    def _headers(self, request: web.Request) -> CIMultiDict[str]:
        headers = _end_to_end(request.headers)
        headers.popall("Content-Length", None)  # aiohttp counts
        target = urlsplit(self._way.url)
        if headers.get("Host") == _own_address(request):
            headers["Host"] = target.netloc
        if headers.get("Origin") == f"http://{_own_address(request)}":
            headers["Origin"] = f"{target.scheme}://{target.netloc}"
        headers.update(self._way.headers)
        return headers


def _own_address(request: web.Request) -> str:
    assert request.transport is not None
    return f"localhost:{request.transport.get_extra_info('sockname')[1]}"


def _end_to_end(headers: Mapping[str, str]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in HOP_BY_HOP)
