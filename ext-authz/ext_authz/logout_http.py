"""Where Keycloak posts that a session has ended (OpenID Connect Back-Channel Logout 1.0 §2.5). Not routed by Envoy."""

import time
from collections.abc import Callable
from typing import Protocol
from urllib.parse import parse_qs

from aiohttp import web
from jwcrypto.jwk import JWKSet

from ext_authz.bounded_body import read_at_most
from ext_authz.ended_sessions import EndedSessions
from ext_authz.introspection import AuthorizationServerUnavailable
from ext_authz.logout_spreading import MARK
from ext_authz.logout_token import MAX_LENGTH, LogoutTokenRefused, key_id, read_logout_token

PATH = "/backchannel-logout"
MAX_BODY_BYTES = MAX_LENGTH + 1024


class Keys(Protocol):
    async def for_key(self, kid: str | None) -> JWKSet:
        """Raises AuthorizationServerUnavailable."""
        ...


class LogoutObserver(Protocol):
    """Told of every logout token. The recorder implements it."""

    def logout(self, outcome: str, remembered: int) -> None: ...


class Spreads(Protocol):
    """Sees to it that all other processes which decide know of it too."""

    async def spread(self, token: str, *, was_passed_on: bool) -> None: ...


class LogoutEndpoint:
    """Ends sessions at the gateway as soon as Keycloak tells of it."""

    def __init__(
        self,
        keys: Keys,
        sessions: EndedSessions,
        issuer: str,
        observer: LogoutObserver,
        *,
        spreads: Spreads | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._sessions = sessions
        self._issuer = issuer
        self._observer = observer
        self._spreads = spreads
        self._now = now

    async def handle(self, request: web.Request) -> web.Response:
        """For POST. 200 once the session is remembered, 400 for a token that tells of none (§2.8)."""
        try:
            token = await _token(request)
            await self._end_session(token)
        except LogoutTokenRefused as refused:
            self._observer.logout("refused", len(self._sessions))
            members = {"error": "invalid_request", "error_description": f"The logout token is refused: {refused.fault}"}
            return _answer(400, members)
        except AuthorizationServerUnavailable:
            self._observer.logout("unavailable", len(self._sessions))
            members = {"error": "temporarily_unavailable", "error_description": "The realm's keys cannot be fetched"}
            return _answer(503, members)
        was_passed_on = MARK in request.headers
        self._observer.logout("passed_on" if was_passed_on else "accepted", len(self._sessions))
        if self._spreads:
            await self._spreads.spread(token, was_passed_on=was_passed_on)
        return _answer(200, {})

    async def _end_session(self, token: str) -> None:
        keys = await self._keys.for_key(key_id(token))
        logout = read_logout_token(token, keys, self._issuer, self._now())
        self._sessions.end(session=logout.session, subject=logout.subject, at=logout.at)


async def _token(request: web.Request) -> str:
    """The one ``logout_token`` of the form."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise LogoutTokenRefused("the body is not a form")
    body = await read_at_most(request.content, MAX_BODY_BYTES)
    if body is None:
        raise LogoutTokenRefused("the body is too large")
    try:
        tokens = parse_qs(body.decode("ascii"), max_num_fields=10).get("logout_token", [])
    except ValueError:
        raise LogoutTokenRefused("the body is not a form") from None
    if len(tokens) != 1:
        raise LogoutTokenRefused("the form has not one logout_token")
    return tokens[0]


def _answer(status: int, members: dict[str, str]) -> web.Response:
    return web.json_response(members, status=status, headers={"Cache-Control": "no-store"})
