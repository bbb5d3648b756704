"""Turns the gateway's refusal into one sentence for a person: pure functions of the HTTP answer."""

import json
from urllib.request import parse_http_list, parse_keqv_list

import httpx

from gateway.client.errors import CallFailed, ClientError, Refused, TryLater
from gateway.client.terminal import plain

TRY_LATER = {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE, 504}


def refusal(response: httpx.Response) -> ClientError:
    """The error that a response with status 400 or higher stands for."""
    status, words = response.status_code, _words(response)
    said = f"The gateway answers {status} " + (f'"{words}"' if words else response.reason_phrase)
    if status in TRY_LATER:
        seconds = retry_after(response)
        return TryLater(f"{said}; try again {f'in {seconds} s' if seconds else 'later'}.", seconds)
    challenge = bearer_challenge(response)
    if status == httpx.codes.UNAUTHORIZED:
        return Refused(f"{said}; get a new token with `mcp-gateway token`.", status)
    if challenge.get("error") == "insufficient_scope":
        asked = " ".join(f"--scope {scope}" for scope in challenge.get("scope", "").split())
        return Refused(f"{said}; get a token for it with `mcp-gateway token {asked}`.", status)
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return CallFailed(f"{said}.")
    return Refused(f"{said}.", status)


def unreachable(url: str, error: httpx.HTTPError) -> TryLater:
    """Nothing that can be trusted answers at `url`."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):  # OpenSSL's own name for it; httpx keeps no other trace
        return TryLater(f"The certificate of {url} is not trusted ({error}); see `mcp-gateway certs`")
    return TryLater(f"{url} does not answer ({error or type(error).__name__}); is it running? (`make status`)")


def bearer_challenge(response: httpx.Response) -> dict[str, str]:
    """The parameters of `WWW-Authenticate: Bearer …` (RFC 6750 §3), {} where there is none."""
    scheme, _, parameters = response.headers.get("www-authenticate", "").partition(" ")
    if scheme.lower() != "bearer":
        return {}
    return parse_keqv_list([item for item in parse_http_list(parameters) if "=" in item])


def retry_after(response: httpx.Response) -> int | None:
    """`Retry-After` in seconds (RFC 9110 §10.2.3), None where it is absent or a date."""
    value = response.headers.get("retry-after", "")
    return int(value) if value.isascii() and value.isdigit() else None


def _words(response: httpx.Response) -> str:
    """The message of the JSON-RPC error in the body, made fit for one line of a terminal."""
    try:
        message = json.loads(response.content)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return ""
    return plain(message).strip()
