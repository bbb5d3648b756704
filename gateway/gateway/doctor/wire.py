"""Asks over HTTP, and survives whoever answers: bounded in bytes and in time, never redirected, never decompressed.

The token goes to the origin that the user typed and nowhere else, whatever an answer says.
"""

import asyncio
import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from gateway.client.origins import is_at
from gateway.client.refusals import retry_after
from gateway.doctor.target import is_safe

MAX_BODY_BYTES = 1024 * 1024
SECONDS = 10.0  # for one question, from the connection to the end of the answer
TOO_MANY = httpx.codes.TOO_MANY_REQUESTS
Json = dict[str, Any]


class NoAnswer(Exception):
    """Nothing came back that could be judged; `fix` says what to do about it."""

    def __init__(self, text: str, fix: str) -> None:
        super().__init__(text)
        self.text = text
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. `asked_at` is this machine's clock (Unix time) in the middle of the exchange."""

    url: str
    status: int
    headers: httpx.Headers
    body: bytes
    asked_at: float = 0.0

    def header(self, name: str) -> str:
        """A header's value, "" where it is absent."""
        return str(self.headers.get(name, ""))

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case."""
        return self.header("content-type").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """The body as JSON, None where it is none (or nested deeper than a reader can follow)."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def object(self) -> Json:
        """The body as a JSON object, {} where it is none."""
        value = self.json()
        return value if isinstance(value, dict) else {}


class Wire:
    """One client for the whole examination; `origin` is where the token may go."""

    def __init__(self, trust: ssl.SSLContext, origin: str, seconds: float = SECONDS) -> None:
        # trust_env would bring proxies, and credentials from ~/.netrc into questions that must carry none.
        self._client = httpx.AsyncClient(verify=trust, timeout=seconds, trust_env=False, follow_redirects=False)
        self._origin = origin
        self._seconds = seconds
        self.token: str | None = None

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json_body: Json | None = None,
        form: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        with_token: bool = False,
        until: Callable[[bytes], bool] | None = None,
    ) -> Answer:
        """Ask, and read to the end of the answer, to the limit, or (of a stream) until `until` is content.

        Raises:
            NoAnswer: no connection, no answer in time, no HTTP, or 429.
        """
        sent = {"Accept-Encoding": "identity", "User-Agent": "mcp-gateway-doctor", **(headers or {})}
        if with_token and self.token:
            if not (is_at(url, self._origin) and is_safe(url)):
                raise NoAnswer(f"the token is not sent to {url}", "type an https URL")
            sent["Authorization"] = f"Bearer {self.token}"
        try:
            request = self._client.build_request(method, url, headers=sent, json=json_body, data=form)
            async with asyncio.timeout(self._seconds):  # httpx's own limits start anew with every byte that drips in
                answer = await self._exchange(request, auth, until)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError, ValueError) as error:
            raise _no_answer(url, error, self._seconds) from error
        if answer.status == TOO_MANY:
            raise NoAnswer(f"{url} answers 429, too many requests", f"wait {_wait(answer)} and run this again")
        return answer

    async def _exchange(
        self, request: httpx.Request, auth: tuple[str, str] | None, until: Callable[[bytes], bool] | None
    ) -> Answer:
        started = time.time()
        response = await self._client.send(request, stream=True, auth=auth)
        asked_at = (started + time.time()) / 2
        try:
            body = await _read(response, until)
        finally:
            await response.aclose()
        return Answer(str(request.url), response.status_code, response.headers, body, asked_at)


async def _read(response: httpx.Response, until: Callable[[bytes], bool] | None) -> bytes:
    body = bytearray()
    is_stream = response.headers.get("content-type", "").lower().startswith("text/event-stream")
    if is_stream and until is None:
        return b""  # it may never end, and nobody asked what it says
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_BODY_BYTES or (is_stream and until and until(bytes(body))):
            break
    return bytes(body[:MAX_BODY_BYTES])


def _no_answer(url: str, error: Exception, seconds: float) -> NoAnswer:
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return NoAnswer(
            f"{url} gave no complete answer within {seconds:.0f} s", "look at the load and the log of the server"
        )
    if "CERTIFICATE_VERIFY_FAILED" in str(error):  # OpenSSL's own name for it; httpx keeps no other trace
        return NoAnswer(f"the certificate of {url} is not trusted", "give the CA that signed it: --ca FILE")
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol | ValueError):
        return NoAnswer(f"{url} is no URL that can be asked", "name an https URL there")
    return NoAnswer(f"{url} broke off ({error or type(error).__name__})", "look into the log of whatever serves it")


def _wait(answer: Answer) -> str:
    seconds = retry_after(answer.headers)
    return "a minute" if seconds is None else f"{seconds} s"
