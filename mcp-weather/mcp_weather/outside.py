"""Asks services outside over HTTP, within bounds of time, size and form. The only file here that knows aiohttp.

A dropped connection is tried once more by aiohttp itself, as RFC 9110 §9.2.2 allows for GET; nothing else is repeated.
"""

import asyncio
from collections.abc import AsyncIterator, Hashable, Mapping
from contextlib import asynccontextmanager

import aiohttp
import structlog
from aiohttp import web
from pydantic import BaseModel

from mcp_weather.cache import TtlCache
from mcp_weather.service import Answer, Reason, Refusal, Service, ServiceFailure

MAX_ANSWER_BYTES = 1024 * 1024
"""Alerts for one point, the longest answers, are some tens of kilobytes."""

MAX_CONNECTIONS = 10

log = structlog.get_logger()


class OutsideClient:
    """One connection pool and one cache for all services. Open it before it is asked."""

    def __init__(self, *, user_agent: str, timeout_seconds: float, cache: TtlCache[BaseModel]) -> None:
        """``timeout_seconds`` bounds a whole question, from looking up the name to the last byte."""
        self._user_agent = user_agent
        self._timeout_seconds = timeout_seconds
        self._cache = cache
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS),
            # No compression: what is read is what was sent, so a small answer cannot become a huge one.
            headers={"User-Agent": self._user_agent, "Accept-Encoding": "identity"},
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),  # each question stands alone
            timeout=aiohttp.ClientTimeout(total=None),  # bounded by get
        ) as self._session:
            yield
        self._session = None

    async def for_app(self, _: web.Application) -> AsyncIterator[None]:
        """Open while the application runs: for ``app.cleanup_ctx``."""
        async with self.opened():
            yield

    async def get(self, service: Service, path: str, params: Mapping[str, str], answer: type[Answer]) -> Answer:
        """See ``Fetch``."""
        key: Hashable = (service.url, path, tuple(params.items()))
        kept = self._cache.get(key)
        if isinstance(kept, answer):
            return kept
        try:
            fresh = await self._ask(service, path, params, answer)
        except ServiceFailure as failure:
            # Never the path or the parameters: they say where somebody is.
            log.warning(
                "weather_service_failed", service=service.name, reason=failure.reason.value, status=failure.status
            )
            raise
        self._cache.put(key, fresh, service.keep_seconds)
        return fresh

    async def _ask(self, service: Service, path: str, params: Mapping[str, str], answer: type[Answer]) -> Answer:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                status, headers, body = await self._exchange(service, path, params)
        except (TimeoutError, aiohttp.ClientError) as error:
            raise ServiceFailure(service, _reason(error)) from error
        if status != web.HTTPOk.status_code:
            raise _refused(service, status, headers, body)
        try:
            return _read(headers, body, answer)
        except ValueError as error:  # pydantic's ValidationError is one
            raise ServiceFailure(service, Reason.UNREADABLE, status=status) from error

    async def _exchange(
        self, service: Service, path: str, params: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        if self._session is None:
            raise RuntimeError("the client is not open")
        # A redirect could lead the question, which says where somebody is, to anyone; the services document none.
        async with self._session.get(service.url + path, params=params, allow_redirects=False) as response:
            body = bytearray()
            async for chunk in response.content.iter_chunked(65536):
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise ServiceFailure(service, Reason.UNREADABLE, status=response.status)
            return response.status, response.headers, bytes(body)


def _read(headers: Mapping[str, str], body: bytes, answer: type[Answer]) -> Answer:
    media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if not media_type.endswith(("/json", "+json")):  # application/json, application/geo+json (RFC 7946 §12)
        raise ValueError("not JSON")
    return answer.model_validate_json(body)


def _reason(error: Exception) -> Reason:
    """In this order: aiohttp's time-outs are connection errors too."""
    table = (
        (TimeoutError, Reason.SLOW),
        (aiohttp.ClientConnectorError, Reason.UNREACHABLE),
        ((aiohttp.ClientConnectionError, aiohttp.ClientPayloadError), Reason.DROPPED),
    )
    return next((reason for kind, reason in table if isinstance(error, kind)), Reason.UNREADABLE)


def _refused(service: Service, status: int, headers: Mapping[str, str], body: bytes) -> Exception:
    if status in {web.HTTPBadRequest.status_code, web.HTTPNotFound.status_code}:
        return Refusal(service, status, body)
    if status == web.HTTPTooManyRequests.status_code:
        return ServiceFailure(service, Reason.BUSY, status=status, when=_when(headers, body))
    if status >= web.HTTPInternalServerError.status_code:
        return ServiceFailure(service, Reason.BROKEN, status=status)
    if status >= web.HTTPBadRequest.status_code:
        return ServiceFailure(service, Reason.REFUSED, status=status)
    return ServiceFailure(service, Reason.UNREADABLE, status=status)


def _when(headers: Mapping[str, str], body: bytes) -> str:
    seconds = headers.get("Retry-After", "")
    if seconds.isascii() and seconds.isdigit() and len(seconds) <= 5:  # noqa: PLR2004 - a day and some
        return f"in {seconds} s"
    # Open-Meteo sends no Retry-After: "Hourly API request limit exceeded. Please try again in the next hour."
    limits = {b"Minutely": "in a minute", b"Hourly": "in an hour", b"Daily": "tomorrow"}
    return next((when for limit, when in limits.items() if limit in body), "in some minutes")
