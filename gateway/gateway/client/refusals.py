"""Turns the gateway's refusal into one sentence for a person: pure functions of the HTTP answer."""

import json
import os
import socket
import ssl
from collections.abc import Mapping
from typing import Protocol
from urllib.request import parse_http_list, parse_keqv_list

import httpx

from gateway.client.errors import CallFailed, ClientError, Refused, TryLater
from gateway.client.terminal import plain

TRY_LATER = {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE, 504}


class HttpAnswer(Protocol):
    """An answer that was read, of httpx or of httpx2, which the MCP SDK brings."""

    status_code: int

    @property
    def headers(self) -> Mapping[str, str]:
        """By name, in any case."""

    @property
    def reason_phrase(self) -> str:
        """The words that go with the status."""

    @property
    def content(self) -> bytes:
        """The body."""


def refusal(response: HttpAnswer) -> ClientError:
    """The error that a response with status 400 or higher stands for."""
    status, words = response.status_code, _words(response)
    said = f"The gateway answers {status} " + (f'"{words}"' if words else response.reason_phrase)
    if status in TRY_LATER:
        return TryLater(f"{said}; try again {_when(response)}.", retry_after(response.headers))
    challenge = bearer_challenge(response)
    if status == httpx.codes.UNAUTHORIZED:
        return Refused(f"{said}; get a new token with `mcp-gateway token`.", status)
    if challenge.get("error") == "insufficient_scope":
        needs = tuple(challenge.get("scope", "").split())
        asked = " ".join(f"--scope {scope}" for scope in needs)
        return Refused(f"{said}; get a token for it with `mcp-gateway token {asked}`.", status, needs)
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return CallFailed(f"{said}.")
    return Refused(f"{said}.", status)


def realm_away(response: HttpAnswer) -> ClientError:
    """The same where somebody signs in: the gateway does not say that the server behind it is Keycloak."""
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return refusal(response)
    said = f"Keycloak does not answer yet, or is down (the gateway says {response.status_code})"
    sentence = f"{said}; look at `make status`, and try again {_when(response)}."
    return TryLater(sentence, retry_after(response.headers))


def unreachable(url: str, error: Exception) -> TryLater:
    """Nothing that can be trusted answers at `url`."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):  # OpenSSL's own name for it; httpx keeps no other trace
        return TryLater(f"The certificate of {url} is not trusted ({error}); see `mcp-gateway certs`")
    return TryLater(f"{url} does not answer ({reason(error)}); is it running? (`make status`)")


def reason(error: BaseException) -> str:
    """Why a connection failed, in the system's words where they are among the causes of `error`."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno and not isinstance(cause, (ssl.SSLError, socket.gaierror)):
            return os.strerror(cause.errno)
        cause = cause.exceptions[0] if isinstance(cause, BaseExceptionGroup) else cause.__cause__ or cause.__context__
    return str(error) or type(error).__name__


def bearer_challenge(response: HttpAnswer) -> dict[str, str]:
    """The parameters of `WWW-Authenticate: Bearer …` (RFC 6750 §3), {} where there is none."""
    scheme, _, parameters = response.headers.get("www-authenticate", "").partition(" ")
    if scheme.lower() != "bearer":
        return {}
    return parse_keqv_list([item for item in parse_http_list(parameters) if "=" in item])


def retry_after(headers: Mapping[str, str]) -> int | None:
    """`Retry-After` in seconds (RFC 9110 §10.2.3), None where it is absent or a date."""
    value = headers.get("retry-after", "")
    return int(value) if value.isascii() and value.isdigit() else None


def _when(response: HttpAnswer) -> str:
    seconds = retry_after(response.headers)
    return f"in {seconds} s" if seconds else "later"


def _words(response: HttpAnswer) -> str:
    """The message of the JSON-RPC error in the body, made fit for one line of a terminal."""
    try:
        message = json.loads(response.content)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return ""
    return plain(message).strip()
