"""A program signs in with a secret of its own, without a person (RFC 6749 §4.4)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote_plus

import httpx

from gateway.client.authorization import discover
from gateway.client.token_answer import Tokens, read_tokens


@dataclass(frozen=True, slots=True)
class Machine:
    """A confidential client."""

    client_id: str
    secret: str = field(repr=False)


def authenticate(http: httpx.Client, issuer: str, machine: Machine, scopes: Iterable[str]) -> Tokens:
    """Tokens of `machine` for `scopes`. Raises as `read_tokens` and `discover`; httpx errors pass through."""
    server = discover(http, issuer)
    return read_tokens(
        http.post(
            server.token_endpoint,
            data={"grant_type": "client_credentials", "scope": " ".join(scopes)},
            # RFC 6749 §2.3.1: each is form-encoded first, so that a colon in the name does not end it
            auth=(quote_plus(machine.client_id), quote_plus(machine.secret)),
            follow_redirects=False,  # the secret goes nowhere else
        )
    )
