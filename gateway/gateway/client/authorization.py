"""The authorization code flow with PKCE, as a public client (RFC 6749 §4.1, RFC 7636, RFC 9700).

The part that talks to a person (a browser, or the login form) is an argument: a `SignIn` is given the authorization
URL and returns the URL that the authorization server redirected to.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

import httpx
from authlib.common.security import generate_token  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri  # type: ignore[import-untyped]
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]

from gateway.client.errors import SignInFailed
from gateway.client.origins import is_at
from gateway.client.refusals import TRY_LATER, realm_away
from gateway.client.token_answer import Tokens, oauth_reason, read_tokens

__all__ = ["AuthorizationServer", "SignIn", "Tokens", "authorize", "discover"]

VERIFIER_LENGTH = 64  # characters; RFC 7636 §4.1 allows 43 to 128
STATE_LENGTH = 32


class SignIn(Protocol):
    """Takes a person through the authorization server's pages."""

    @property
    def redirect_uri(self) -> str:
        """Where the authorization server sends the code."""

    def __call__(self, authorization_url: str) -> str:
        """Return the complete URL of the redirect back; raise SignInFailed if there is none."""


@dataclass(frozen=True, slots=True)
class AuthorizationServer:
    """The three members of the server's metadata (RFC 8414 §2) that the flow needs."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What ties an answer to the request it belongs to."""

    server: AuthorizationServer
    client_id: str
    redirect_uri: str
    state: str
    verifier: str


def authorize(http: httpx.Client, issuer: str, client_id: str, scopes: Iterable[str], sign_in: SignIn) -> Tokens:
    """Sign in and return tokens for `scopes`. Raises SignInFailed; httpx errors pass through."""
    attempt = _Attempt(
        server=discover(http, issuer),
        client_id=client_id,
        redirect_uri=sign_in.redirect_uri,
        state=generate_token(STATE_LENGTH),
        verifier=generate_token(VERIFIER_LENGTH),
    )
    callback = sign_in(_authorization_url(attempt, scopes))
    return _redeem(http, attempt, _code(callback, attempt))


def discover(http: httpx.Client, issuer: str) -> AuthorizationServer:
    """Read the metadata of `issuer`.

    Its own `issuer` must be the same string (RFC 8414 §3.3), and its endpoints must be where the issuer is: who can
    change the answer must not be able to send the password or the code elsewhere.
    """
    url = f"{issuer}/.well-known/openid-configuration"
    response = http.get(url)
    if response.status_code in TRY_LATER:  # Keycloak is away: that says nothing about the metadata
        raise realm_away(response)
    try:
        metadata = response.raise_for_status().json()
        server = AuthorizationServer(
            issuer=metadata["issuer"],
            authorization_endpoint=str(metadata["authorization_endpoint"]),
            token_endpoint=str(metadata["token_endpoint"]),
        )
    except (httpx.HTTPStatusError, ValueError, KeyError, TypeError) as error:
        raise SignInFailed(f"{url} is not an authorization server's metadata ({response.status_code})") from error
    if server.issuer != issuer:
        raise SignInFailed(f"{url} belongs to the issuer {server.issuer}; check PUBLIC_URL")
    for endpoint in (server.authorization_endpoint, server.token_endpoint):
        if not is_at(endpoint, issuer):
            raise SignInFailed(f"{url} names an endpoint on another server: {endpoint}")
    return server


def _authorization_url(attempt: _Attempt, scopes: Iterable[str]) -> str:
    return str(
        prepare_grant_uri(
            attempt.server.authorization_endpoint,
            client_id=attempt.client_id,
            response_type="code",
            redirect_uri=attempt.redirect_uri,
            scope=" ".join(scopes),
            state=attempt.state,
            code_challenge=create_s256_code_challenge(attempt.verifier),
            code_challenge_method="S256",
        )
    )


def _code(callback: str, attempt: _Attempt) -> str:
    """The code in the redirect, once it is known to answer our request and to come from our server."""
    answer = dict(parse_qsl(urlsplit(callback).query))
    # RFC 6749 §10.12: an answer with another state was not asked for by us, so not even its error is believed.
    if not hmac.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
        raise SignInFailed("The answer to the sign-in carries another state than ours; start again")
    # RFC 9207 §2.4: another issuer means that another server answered (mix-up).
    if answer.get("iss", attempt.server.issuer) != attempt.server.issuer:
        raise SignInFailed(f"The answer to the sign-in comes from another issuer: {answer['iss']}")
    if "error" in answer:
        raise SignInFailed(f"The realm refused the sign-in: {oauth_reason(answer)}", answer["error"])
    if "code" not in answer:
        raise SignInFailed("The answer to the sign-in carries no code; start again")
    return answer["code"]


def _redeem(http: httpx.Client, attempt: _Attempt, code: str) -> Tokens:
    form = {
        "grant_type": "authorization_code",
        "client_id": attempt.client_id,
        "redirect_uri": attempt.redirect_uri,
        "code": code,
        "code_verifier": attempt.verifier,
    }
    response = http.post(attempt.server.token_endpoint, data=form, follow_redirects=False)
    return read_tokens(response)
