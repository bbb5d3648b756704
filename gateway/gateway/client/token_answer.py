"""The token endpoint's answer, whichever grant was asked for (RFC 6749 §5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from gateway.client.errors import SignInFailed
from gateway.client.refusals import TRY_LATER, realm_away


@dataclass(frozen=True, slots=True)
class Tokens:
    """A good answer (RFC 6749 §5.1); `expires_in` is in seconds, `raw` the whole of it."""

    access_token: str
    expires_in: int
    scope: str
    refresh_token: str | None
    raw: dict[str, Any]


def read_tokens(response: httpx.Response) -> Tokens:
    """The tokens in an answer.

    Raises:
        SignInFailed: the realm refuses, or makes no sense.
        TryLater: it is away.
    """
    if response.status_code in TRY_LATER:
        raise realm_away(response)
    try:
        answer = response.json()
        if response.status_code != httpx.codes.OK:
            raise SignInFailed(f"The realm gave no token: {oauth_reason(answer)}", str(answer["error"]))
        return Tokens(
            access_token=answer["access_token"],
            expires_in=int(answer["expires_in"]),
            scope=answer.get("scope", ""),
            refresh_token=answer.get("refresh_token"),
            raw=answer,
        )
    except (ValueError, KeyError, TypeError, OverflowError) as error:  # OverflowError: a lifetime without end
        raise SignInFailed(f"The token endpoint's answer makes no sense ({response.status_code})") from error


def oauth_reason(answer: Mapping[str, Any]) -> str:
    """`error` and, where the server gave one, `error_description` (RFC 6749 §4.1.2.1 and §5.2)."""
    return f"{answer['error']} {answer.get('error_description', '')}".rstrip()
